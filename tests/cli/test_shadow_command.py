"""``penstock app shadow``: a copy of an application with its own sink, which never touches another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from cdk_penstock.cli import aws_session
from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.model.errors import PenstockError
from tests.cli.operated import Operated
from tests.conftest import make_jar
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN, KEY_1, KEY_2, error
from tests.control.local_msf import cmk
from tests.control.simulated_flink import Behaviour, SimulatedFlink

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.control.flink_dashboard import FlinkDashboard

DONE, FAILED, WRONG_ARGUMENTS = 0, 1, 2
SHADOW = f"{APPLICATION}-shadow"
SHADOW_ARN = f"{APPLICATION_ARN}-shadow"
GROUPS = {
    "source": {"topic": "events", "group.id": "vehicles"},
    "sink": {"table": "vehicles", "password": "other-value-1"},
}
SINK = ["--sink", "sink:table=trial"]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    """A running application in a VPC, at a parallelism of four."""
    operated = Operated.with_patches(tmp_path, monkeypatch)
    operated.aws.msf.change(
        EnvironmentPropertyUpdates={
            "PropertyGroups": [{"PropertyGroupId": group, "PropertyMap": entries} for group, entries in GROUPS.items()]
        },
        FlinkApplicationConfigurationUpdate={
            "ParallelismConfigurationUpdate": {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 4}
        },
    )
    operated.aws.msf.ask(
        "AddApplicationVpcConfiguration",
        CurrentApplicationVersionId=2,
        VpcConfiguration={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    operated.aws.msf.run()
    operated.aws.world.calls.clear()
    operated.flink = SimulatedFlink(operated.aws, SHADOW)
    dashboard = cast("FlinkDashboard", operated.flink)
    monkeypatch.setattr(aws_session.aws_access, "open_dashboard", lambda _: dashboard)
    return operated


def shadow_of(operated: Operated) -> Any:
    operated.aws.msf.reconcile()
    return operated.aws.msf.msf.store.application(SHADOW_ARN)


def exists(operated: Operated) -> bool:
    operated.aws.msf.reconcile()
    return operated.aws.msf.msf.store.has_application(SHADOW_ARN)


def test_a_shadow_is_created_with_its_own_sink_and_consumers_and_verified(running: Operated) -> None:
    result = running.invoke("shadow", *SINK)
    assert result.exit_code == DONE
    assert running.changes == ["CreateApplication", "StartApplication"]
    (request,) = running.aws.world.named("CreateApplication")
    configuration = request["ApplicationConfiguration"]
    groups = {
        each["PropertyGroupId"]: each["PropertyMap"]
        for each in configuration["EnvironmentProperties"]["PropertyGroups"]
    }
    assert groups == {
        "source": {"topic": "events", "group.id": f"vehicles-{SHADOW}"},
        "sink": {"table": "trial", "password": "other-value-1"},
    }
    assert configuration["VpcConfigurations"] == [{"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}]
    assert configuration["FlinkApplicationConfiguration"]["ParallelismConfiguration"]["Parallelism"] == 4
    assert "ApplicationEncryptionConfiguration" not in configuration
    assert request["Tags"] == [{"Key": "penstock:shadow-of", "Value": APPLICATION}]
    assert f"its own consumers: source:group.id=vehicles-{SHADOW}" in result.stderr
    assert "other-value-1" not in result.stdout + result.stderr
    assert shadow_of(running).status.value == "RUNNING"
    assert running.aws.msf.status == "RUNNING"


def test_the_same_command_continues(running: Operated) -> None:
    running.aws.world.fail("StartApplication", error("AccessDeniedException", "no policy allows it"))

    def interrupt(name: str, _: dict[str, Any]) -> None:
        if name == "StartApplication":
            raise KeyboardInterrupt

    running.aws.world.on_call = interrupt
    assert running.invoke("shadow", *SINK).exit_code == 130
    running.aws.world.on_call = None
    running.aws.world.errors.clear()
    assert running.invoke("shadow", *SINK).exit_code == DONE
    assert running.invoke("shadow", *SINK).exit_code == DONE
    assert running.changes == ["CreateApplication", "StartApplication"]


def test_a_dry_run_shows_the_steps_and_creates_nothing(running: Operated) -> None:
    shown = running.json("shadow", *SINK, "--property", "sink:password=new-value-2", "--dry-run")
    assert [each.split()[0] for each in shown["plan"]] == ["create", "start", "verify", "verified:"]
    assert "with sink:table=trial, sink:password=******" in shown["plan"][0]
    assert running.changes == []
    assert not exists(running)


def test_a_shadow_tries_other_code_and_another_runtime(running: Operated, tmp_path: Path) -> None:
    jar = tmp_path / "new.jar"
    jar.write_bytes(make_jar())
    shown = running.json("shadow", *SINK, "--code", str(jar), "--runtime", "2.2", "--parallelism", "1")
    assert shown["outcome"] == "verified"
    shadow = shadow_of(running)
    assert shadow.settings.runtime == "FLINK-2_2"
    assert running.code == "job-1.zip"
    (request,) = running.aws.world.named("CreateApplication")
    flink = request["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    assert flink["ParallelismConfiguration"]["Parallelism"] == 1


def test_a_shadow_that_fails_is_left_for_a_look(running: Operated) -> None:
    running.flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    result = running.invoke("shadow", *SINK)
    assert result.exit_code == FAILED
    assert "version 1 fails and was left so" in result.stdout
    assert running.aws.msf.status == "RUNNING"


def test_a_shadow_without_its_own_sink_is_refused(running: Operated) -> None:
    result = running.invoke("shadow")
    assert result.exit_code == WRONG_ARGUMENTS
    assert "two writers on one sink do harm" in result.stderr
    with pytest.raises(PenstockError, match="sink:table=vehicles is the value that the application has"):
        running.invoke("shadow", "--sink", "sink:table=vehicles")
    with pytest.raises(PenstockError, match="has no property sink:tabel: expected one of sink:password, sink:table"):
        running.invoke("shadow", "--sink", "sink:tabel=trial")
    assert running.changes == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sink", "table=trial"], "expected GROUP:KEY=VALUE, for example sink:topic=shadow, got 'table=trial'"),
        (["--sink", "sink:table="], "expected GROUP:KEY=VALUE"),
        ([*SINK, "--name", "a b"], "application name must be"),
        ([*SINK, "--key", KEY_1, "--aws-owned-key"], "expected either --key or --aws-owned-key"),
        ([*SINK, "--runtime", "9.9"], "unknown runtime '9.9'"),
    ],
)
def test_wrong_arguments_are_refused(running: Operated, arguments: list[str], message: str) -> None:
    result = running.invoke("shadow", *arguments)
    assert result.exit_code == WRONG_ARGUMENTS
    assert message in result.stderr
    assert running.aws.world.calls == []


def test_state_under_a_customer_managed_key_does_not_silently_go_under_another(running: Operated) -> None:
    running.aws.msf.policies.managed_keys = {KEY_1}
    running.aws.msf.change_key(cmk(KEY_1))
    with pytest.raises(ControlError, match="whose policy is for that application alone"):
        running.invoke("shadow", *SINK)
    assert running.changes == []
    shown = running.json("shadow", *SINK, "--key", KEY_2, "--dry-run")
    assert shown["plan"]
    assert running.invoke("shadow", *SINK, "--aws-owned-key").exit_code == DONE


def test_another_application_is_never_touched(running: Operated) -> None:
    for command in (["shadow", *SINK, "--name", APPLICATION], ["shadow", "--delete", "--name", APPLICATION]):
        with pytest.raises(ControlError, match=f"application {APPLICATION} is no shadow of {APPLICATION}"):
            running.invoke(*command)
    assert running.changes == []


def test_a_shadow_of_another_application_is_never_touched(running: Operated) -> None:
    running.invoke("shadow", *SINK)
    running.aws.msf.rewrite = lambda operation, answer: (
        answer.update(Tags=[{"Key": "penstock:shadow-of", "Value": "another"}])
        if operation == "ListTagsForResource"
        else None
    )
    with pytest.raises(ControlError, match="is no shadow of vehicles"):
        running.invoke("shadow", "--delete")
    assert exists(running)


def test_a_shadow_with_other_settings_is_not_changed(running: Operated) -> None:
    running.invoke("shadow", *SINK)
    with pytest.raises(ControlError, match=r"exists with other settings \(property groups\): delete it first"):
        running.invoke("shadow", "--sink", "sink:table=second")
    with pytest.raises(ControlError, match=r"other settings \(parallelism\)"):
        running.invoke("shadow", *SINK, "--parallelism", "2")
    assert running.changes == ["CreateApplication", "StartApplication"]


def test_a_shadow_is_deleted_and_can_be_made_again(running: Operated) -> None:
    running.invoke("shadow", *SINK)
    shown = running.json("shadow", "--delete", "--dry-run")
    assert shown["plan"] == [f"delete application {SHADOW} with its snapshots"]
    assert exists(running)
    result = running.invoke("shadow", "--delete")
    assert (result.exit_code, result.stdout) == (DONE, f"done: application {SHADOW} is deleted\n")
    assert not exists(running)
    assert running.aws.msf.status == "RUNNING"
    assert running.invoke("shadow", "--delete").stdout == f"done: there is no application {SHADOW}\n"
    # MSF knows the tags of the deleted one for a minute.
    assert running.invoke("shadow", *SINK).exit_code == DONE


def test_a_missing_permission_names_the_role_to_pass(running: Operated) -> None:
    denied = error("AccessDeniedException", "User is not authorized to perform: iam:PassRole")
    running.aws.world.fail("CreateApplication", denied)
    with pytest.raises(MissingPermissionError, match=r"is missing \(iam:PassRole\): grant it to whoever runs"):
        running.invoke("shadow", *SINK)
