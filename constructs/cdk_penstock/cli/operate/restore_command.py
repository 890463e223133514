"""``penstock app restore``: start an application again from a snapshot of one's choice."""

from __future__ import annotations

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    AgainOption,
    DryRunOption,
    EvidenceOption,
    ForceOption,
    LossOption,
    NonRestoredOption,
    RetentionOption,
    SnapshotOption,
    StableOption,
    TimeoutOption,
    rules_of,
)
from cdk_penstock.cli.operate.loss_confirmation import confirm_losses
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.model.lifecycle.planning import RestoreTarget


def restore_command(
    *,
    application: ApplicationOption,
    snapshot: SnapshotOption,
    again: AgainOption = False,
    allow_non_restored_state: NonRestoredOption = False,
    source_retention: RetentionOption = None,
    force: ForceOption = False,
    yes_lose_state: LossOption = None,
    stable_seconds: StableOption = None,
    timeout_minutes: TimeoutOption = None,
    evidence_folder: EvidenceOption = EVIDENCE_DEFAULT,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the application with a snapshot, start it from an earlier one, and verify it.

    The job reads again what its sources have had since that snapshot, and writes it again: where the sink does not tell
    repetitions apart, they are duplicates.
    """
    options = PlanOptions(
        dry_run=dry_run,
        as_json=as_json,
        stable_seconds=stable_seconds,
        timeout_minutes=timeout_minutes,
        evidence_folder=evidence_folder,
    )
    with open_plan_session(application, region, profile, operator_role, options) as (access, session):
        seen = session.observe()
        if seen.is_running and seen.restored_snapshot == snapshot and not again:
            session.note(f"it was started from {snapshot} already: to restore that once more, add --again")
        if force and not dry_run:
            confirm_losses(seen, application, force=True, confirmed=yes_lose_state)
        target = RestoreTarget(
            snapshot_name=snapshot,
            began_at=access.clock.now(),
            again=again,
            allow_non_restored_state=allow_non_restored_state,
            rules=rules_of(source_retention),
            may_force=force,
        )
        session.finish(session.run(target))
