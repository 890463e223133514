"""``penstock app start``: start an application, and verify its job."""

from __future__ import annotations

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    LATEST,
    DryRunOption,
    EvidenceOption,
    NonRestoredOption,
    RestoreOption,
    StableOption,
    TimeoutOption,
    restore_of,
)
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.model.lifecycle.planning import RunningTarget


def start_command(
    *,
    application: ApplicationOption,
    restore: RestoreOption = LATEST,
    allow_non_restored_state: NonRestoredOption = False,
    stable_seconds: StableOption = None,
    timeout_minutes: TimeoutOption = None,
    evidence_folder: EvidenceOption = EVIDENCE_DEFAULT,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Start the application and verify its job; one that runs already is verified only.

    A start that fails is not tried again by the same command.
    """
    options = PlanOptions(
        dry_run=dry_run,
        as_json=as_json,
        stable_seconds=stable_seconds,
        timeout_minutes=timeout_minutes,
        evidence_folder=evidence_folder,
    )
    with open_plan_session(application, region, profile, operator_role, options) as (access, session):
        state = restore_of(restore, allow_non_restored_state=allow_non_restored_state)
        session.finish(session.run(RunningTarget(began_at=access.clock.now(), restore=state)))
