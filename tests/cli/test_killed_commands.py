"""Commands that are killed at any call, and run again: they end as if nothing had happened, changing nothing twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

import pytest

from cdk_penstock.cli import aws_session
from tests.cli.operated import Operated
from tests.conftest import make_jar
from tests.control.fake_aws import APPLICATION, Killed
from tests.control.simulated_flink import Behaviour, SimulatedFlink

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.control.flink_dashboard import FlinkDashboard

SHADOW = f"{APPLICATION}-shadow"
STEP = 9
"""Each ninth call is a place to be killed before or after it; the first ones differ between the commands."""


def operated(folder: Path, monkeypatch: pytest.MonkeyPatch, flink_of: str = APPLICATION) -> Operated:
    """Return a running application with a property group for its source."""
    found = Operated.with_patches(folder, monkeypatch)
    group = {"PropertyGroupId": "source", "PropertyMap": {"stream": "s"}}
    found.aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": [group]})
    found.aws.msf.run()
    found.aws.world.calls.clear()
    if flink_of != APPLICATION:
        found.flink = SimulatedFlink(found.aws, flink_of)
        dashboard = cast("FlinkDashboard", found.flink)
        monkeypatch.setattr(aws_session.aws_access, "open_dashboard", lambda _: dashboard)
    return found


COMMANDS = {
    "deploy": ["deploy", "new.jar"],
    "deploy-bad": ["deploy", "new.jar"],
    "move-source": ["move-source", "new.jar", "--group", "source"],
    "shadow": ["shadow", "--sink", "source:stream=other"],
    "rollback": ["rollback"],
    "restore": ["restore", "--snapshot", "old"],
}


@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_killed_anywhere_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    jar = tmp_path / "new.jar"
    jar.write_bytes(make_jar())
    key = f"{APPLICATION}-{hashlib.sha256(jar.read_bytes()).hexdigest()[:32]}.jar"

    def arranged() -> Operated:
        found = operated(tmp_path, monkeypatch, SHADOW if name == "shadow" else APPLICATION)
        if name == "deploy-bad":
            found.flink.behaviours[key] = Behaviour.LOOPS
        if name == "rollback":
            found.aws.msf.change_code("bad.zip")
            found.aws.world.calls.clear()
        return found

    whole = arranged()
    expected = whole.invoke(*COMMANDS[name]).exit_code
    calls = len(whole.aws.world.calls)
    assert calls > 3 * STEP
    for number in range(1 + (kind == "after"), calls + 1, STEP):
        killed = arranged()
        setattr(killed.aws.world, f"kill_{kind}", number)
        with pytest.raises(Killed):
            killed.invoke(*COMMANDS[name])
        killed.aws.world.kill_before = killed.aws.world.kill_after = None
        killed.aws.world.sleep(60)
        assert killed.invoke(*COMMANDS[name]).exit_code == expected, number
        assert killed.code == whole.code
        assert killed.aws.msf.status == "RUNNING"
        for operation in ("UpdateApplication", "RollbackApplication", "StartApplication", "CreateApplication"):
            assert killed.changes.count(operation) <= whole.changes.count(operation) + (kind == "before"), number
