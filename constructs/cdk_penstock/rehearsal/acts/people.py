"""Acts of people: somebody on call, and somebody who administers keys, both with the command's own operations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_operation import ApplicationOperation
from cdk_penstock.control.clients import Clock
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.key_runner import KeyRunner
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.operator_session import operator_session
from cdk_penstock.model.keys import RotateOnDemand
from cdk_penstock.model.keys.steps import Done
from cdk_penstock.model.lifecycle.planning import Outcome, RunningTarget, SnapshotTarget, StoppedTarget
from cdk_penstock.rehearsal.acts.act import ActFailedError, ActNotPlayedError
from cdk_penstock.rehearsal.acts.cast import bring_in, outside_principals, played_applications

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning import Target
    from cdk_penstock.rehearsal.acts.cast import PlayedApplication
    from cdk_penstock.rehearsal.stage import Stage

_SNAPSHOT = "taken-by-the-rehearsal"
_GOOD = frozenset({Outcome.DONE, Outcome.VERIFIED})


class Person:
    """Somebody with a role of the account who works on one application as its operator.

    Parameters
    ----------
    stage
        The stage.
    application
        The application.
    role_arn
        The person's role.
    operator_arn
        The operator role, which the person assumes.
    """

    def __init__(self, stage: Stage, application: PlayedApplication, *, role_arn: str, operator_arn: str) -> None:
        self._world = stage.world
        self._application = application
        self._operator_arn = operator_arn
        self.clock = Clock(now=stage.world.clock, sleep=stage.world.clock.sleep)
        self.own = stage.session_of_person(role_arn, region=application.region)
        self.operator: Any = operator_session(
            self.own.client("sts"),
            role_arn=operator_arn,
            application_name=application.name,
            region=application.region,
            new_session=stage.new_session,
            clock=self.clock,
        )

    @property
    def control(self) -> ApplicationControl:
        """The application, as its operator."""
        return ApplicationControl(self.operator.client("kinesisanalyticsv2"), self._application.name, clock=self.clock)

    @property
    def operator_keys(self) -> KmsKeys:
        """KMS, as the operator."""
        return KmsKeys(self.operator.client("kms"), clock=self.clock)

    def reach(self, target: Target) -> None:
        """Take every step to a target; raise ActFailedError for another end."""
        operation = ApplicationOperation(
            client=self.operator.client("kinesisanalyticsv2"),
            name=self._application.name,
            clock=self.clock,
            key_preflight=KeyPreflight(self.operator_keys, operator_arn=self._operator_arn),
        )
        runner = operation.runner(save_evidence=self._world.timeline.note, report=self._world.timeline.note)
        end = runner.run(target, deadline=self.clock.now() + timedelta(hours=2))
        if end is None or end.outcome not in _GOOD:
            what = "no end within two hours" if end is None else f"{end.outcome}: {end.text}"
            raise ActFailedError(f"{self._application.name}: {what}")


def play_on_call(stage: Stage) -> str:
    """Let each application's operator stop it with a snapshot, start it, and take a snapshot."""
    done: list[str] = []
    for application in played_applications(stage):
        for operator_arn, person_arn in operators_and_people(stage, application):
            person = Person(stage, application, role_arn=person_arn, operator_arn=operator_arn)
            person.reach(StoppedTarget())
            person.reach(RunningTarget(began_at=person.clock.now()))
            person.reach(SnapshotTarget(name=_SNAPSHOT))
            done.append(f"{application.name} as {operator_arn.rpartition('/')[2]}")
    if not done:
        raise ActNotPlayedError("no policy lets anybody outside of the templates assume a role that may start one")
    return f"stopped with a snapshot, started, and snapshot taken: {', '.join(done)}"


def operators_and_people(stage: Stage, application: PlayedApplication) -> list[tuple[str, str]]:
    """Return each operator role of an application that somebody outside of the templates may assume, and who."""
    found: list[tuple[str, str]] = []
    for operator_arn in application.operator_arns:
        role = stage.world.iam.find(operator_arn)
        people = outside_principals(role.trust, stage.world.iam) if role else []
        for arn in people[:1]:
            bring_in(stage.world.iam, arn, ["sts:AssumeRole"], [operator_arn])
            found.append((operator_arn, arn))
    return found


def play_rotation(stage: Stage) -> str:
    """Let each key's administrator make new material for it, and the operator restart the application under it."""
    done: list[str] = []
    for application in played_applications(stage):
        for key_arn in application.key_arns:
            done += _rotate(stage, application, key_arn)
    if not done:
        raise ActNotPlayedError("no key of an application has an administrator outside of the templates")
    return f"new material, and a restart with it: {', '.join(done)}"


def _rotate(stage: Stage, application: PlayedApplication, key_arn: str) -> list[str]:
    policy = stage.world.authority.resource_policies.get(key_arn)
    for administrator_arn in outside_principals(policy, stage.world.iam) if policy else ():
        bring_in(stage.world.iam, administrator_arn, ["kms:*"])
        for operator_arn, person_arn in operators_and_people(stage, application):
            person = Person(stage, application, role_arn=person_arn, operator_arn=operator_arn)
            administrator = stage.session_of_person(administrator_arn, region=application.region)
            runner = KeyRunner(
                application=person.control,
                keys=KmsKeys(administrator.client("kms"), clock=person.clock),
                operator_arn=operator_arn,
                keys_of_operator=person.operator_keys,
            )
            since = person.clock.now() - timedelta(days=7)
            end = runner.run(RotateOnDemand(rotated_since=since, soak_seconds=0), _note(stage))
            if not isinstance(end, Done):
                raise ActFailedError(f"{application.name}: the rotation of {key_arn} ended with: {end}")
            return [application.name]
    return []


def _note(stage: Stage) -> Any:
    return lambda step: stage.world.timeline.note(str(step))
