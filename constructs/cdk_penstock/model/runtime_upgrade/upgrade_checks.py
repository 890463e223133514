"""All checks before an upgrade of the runtime in place: what would fail, and what only a person can find out.

Source: https://docs.aws.amazon.com/managed-flink/latest/java/how-in-place-version-upgrades.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.runtime_upgrade.documented_changes import documented_checks
from cdk_penstock.model.runtime_upgrade.upgrade_check import CheckResult, UpgradeCheck
from cdk_penstock.model.runtimes import FlinkRuntime, RuntimeSupport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.lifecycle.planning import Observation


@dataclass(frozen=True, kw_only=True)
class UpgradeFacts:
    """An application, and the upgrade that is asked for.

    Parameters
    ----------
    seen
        The application.
    target
        The new runtime.
    replaces_code
        True if other code comes with the upgrade.
    package_problems
        Why the code would not run on the new runtime; None if the code could not be read.
    """

    seen: Observation
    target: FlinkRuntime
    replaces_code: bool
    package_problems: tuple[str, ...] | None

    @property
    def present(self) -> FlinkRuntime:
        """The present runtime."""
        return FlinkRuntime.of(self.seen.present.settings.runtime_environment)

    @property
    def is_major(self) -> bool:
        """True if the upgrade changes the major release of Flink."""
        return self.present.release[0] < self.target.release[0]


def check_upgrade(facts: UpgradeFacts) -> tuple[UpgradeCheck, ...]:
    """Return the results of all checks; an upgrade in the wrong direction is checked no further."""
    direction = _check_direction(facts)
    if direction.result is CheckResult.PROBLEM:
        return (direction,)
    return (
        direction,
        *_check_support(facts),
        *_check_package(facts),
        _check_snapshots(facts),
        *_check_python(facts),
        *documented_checks(facts.present, facts.target),
        *_check_table_api(facts),
        *_check_system_rollback(facts),
    )


def _check_direction(facts: UpgradeFacts) -> UpgradeCheck:
    present, target = facts.present, facts.target
    if target.release == present.release:
        text, fix = f"the application is on {present.identifier} already", "to change its code, use penstock app deploy"
    elif target.release < present.release:
        text = f"{target.identifier} is older than the present {present.identifier}, which wrote the state"
        fix = "to undo an upgrade, use penstock app rollback"
    else:
        text = f"from {present.identifier} to {target.identifier} (Flink {target.flink_version})"
        return UpgradeCheck(subject="runtime", result=CheckResult.OK, text=text)
    return UpgradeCheck(subject="runtime", result=CheckResult.PROBLEM, text=text, fix=fix)


def _check_support(facts: UpgradeFacts) -> Iterator[UpgradeCheck]:
    if not facts.target.is_supported:
        text = f"MSF no longer starts applications on {facts.target.identifier}"
        yield UpgradeCheck(subject="support", result=CheckResult.PROBLEM, text=text, fix="take a newer runtime")
    elif facts.target.support is RuntimeSupport.COMMUNITY_ENDED:
        text = f"{facts.target.identifier} is {facts.target.support.value}"
        yield UpgradeCheck(subject="support", result=CheckResult.NOTE, text=text, fix="rather take a newer runtime")
    if not facts.present.is_supported:
        text = f"MSF no longer starts applications on the present {facts.present.identifier}, to which a rollback leads"
        fix = "try the upgrade on a copy of the application first: there may be no way back"
        yield UpgradeCheck(subject="way back", result=CheckResult.REVIEW, text=text, fix=fix)


def _check_package(facts: UpgradeFacts) -> Iterator[UpgradeCheck]:
    subject = "new code" if facts.replaces_code else "present code"
    if facts.package_problems is None:
        text, fix = "it could not be read, and so was not checked", "check it with penstock package"
        yield UpgradeCheck(subject=subject, result=CheckResult.REVIEW, text=text, fix=fix)
    for problem in facts.package_problems or ():
        fix = "" if facts.replaces_code else "pass code for the new runtime with --code"
        yield UpgradeCheck(subject=subject, result=CheckResult.PROBLEM, text=problem, fix=fix)
    if facts.package_problems == ():
        text = f"its connectors, its Java and its Python fit {facts.target.identifier}"
        yield UpgradeCheck(subject=subject, result=CheckResult.OK, text=text)
        if facts.is_major and not facts.replaces_code:
            text = f"it was built for Flink {facts.present.release[0]}"
            fix = "build it for the new runtime, and pass it with --code"
            yield UpgradeCheck(subject=subject, result=CheckResult.REVIEW, text=text, fix=fix)


def _check_snapshots(facts: UpgradeFacts) -> UpgradeCheck:
    seen, subject = facts.seen, "snapshot"
    if not seen.present.settings.snapshots_enabled:
        text = "snapshots are disabled, so that the upgrade would begin without state"
        return UpgradeCheck(subject=subject, result=CheckResult.PROBLEM, text=text, fix="enable them, with cdk deploy")
    if not seen.is_at_rest:
        text = "one is taken before the upgrade, to go back to, and one by the upgrade, which it restores"
        return UpgradeCheck(subject=subject, result=CheckResult.OK, text=text)
    ready = [each for each in seen.snapshots if each.status is SnapshotStatus.READY]
    newest = max(ready, key=lambda each: each.created_at, default=None)
    if newest is None:
        text = "the application is stopped and has none: it will begin without state"
        return UpgradeCheck(subject=subject, result=CheckResult.REVIEW, text=text)
    unreadable = RestoreRules().problem(newest, runtime=facts.target.identifier, now=seen.now)
    if unreadable is not None:
        return UpgradeCheck(subject=subject, result=CheckResult.PROBLEM, text=unreadable)
    text = f"the application is stopped: it will start from {newest.name}, of {newest.created_at:%Y-%m-%d %H:%M} UTC"
    return UpgradeCheck(subject=subject, result=CheckResult.OK, text=text)


def _check_python(facts: UpgradeFacts) -> Iterator[UpgradeCheck]:
    if not facts.seen.present.settings.runs_python:
        return
    problem = facts.target.problem_with_python
    if problem is not None:
        yield UpgradeCheck(subject="Python", result=CheckResult.PROBLEM, text=problem)
    elif facts.target.python_version != facts.present.python_version:
        text = (
            f"the job gets Python {facts.target.python_version}, now it has {facts.present.python_version or 'another'}"
        )
        yield UpgradeCheck(subject="Python", result=CheckResult.NOTE, text=text)


def _check_table_api(facts: UpgradeFacts) -> Iterator[UpgradeCheck]:
    del facts
    text = "Flink does not promise that the state of SQL and of the Table API can be read by another minor release"
    fix = "try the upgrade on a copy of the application, with its snapshot, first"
    yield UpgradeCheck(subject="SQL and Table API", result=CheckResult.NOTE, text=text, fix=fix)


def _check_system_rollback(facts: UpgradeFacts) -> Iterator[UpgradeCheck]:
    if not facts.seen.present.settings.system_rollback_enabled:
        text = "system rollback is disabled: if the job does not start, it is put back by this command, not by MSF"
        yield UpgradeCheck(subject="way back", result=CheckResult.NOTE, text=text, fix="do not stop the command")
