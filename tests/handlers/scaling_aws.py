"""AWS for the functions that scale: a deployed application, and alarms in CloudWatch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_penstock.handlers.services import Services
from tests.control.fake_aws import KEY_1
from tests.control.fake_session import FakeAws
from tests.control.local_msf import cmk

if TYPE_CHECKING:
    import pytest


class FakeCloudWatch:
    """Alarms by name, each with its state."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def describe_alarms(self, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        assert AlarmTypes == ["MetricAlarm"]
        found = [
            {"AlarmName": name, "StateValue": state, "StateReason": f"{name} is {state}"}
            for name, state in self.states.items()
            if name in AlarmNames
        ]
        return {"MetricAlarms": found}


class ScalingAws(FakeAws):
    """A deployed application, RUNNING at parallelism 1 without automatic scaling, and no deployment at work."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms = FakeCloudWatch()
        self._backends["cloudwatch"] = self.alarms
        self.msf.policies.managed_keys = {KEY_1}
        self.msf.run(cmk(KEY_1))
        self.scale(1, AutoScalingEnabledUpdate=False)
        self.stack.status = "UPDATE_COMPLETE"
        self.world.sleep(3600)

    @property
    def services(self) -> Services:
        return Services(new_session=self.new_session, clock=self.world.clock)

    @property
    def configured(self) -> int:
        return self.msf.application.settings.parallelism

    def scale(self, parallelism: int, **more: Any) -> None:
        """Scale the application, as a person does."""
        update = {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": parallelism} | more
        self.msf.change(FlinkApplicationConfigurationUpdate={"ParallelismConfigurationUpdate": update})


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that a function has written, each checked to be one from which CloudWatch takes metrics."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Penstock"
        assert directive["Dimensions"] == [["Application", "ScaledBy"]]
        assert {line["Application"], line["ScaledBy"]} < {"vehicles", "lag", "schedule"}
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
    return lines
