"""``penstock app rollback``: undo the present version of an application."""

from __future__ import annotations

from typing import Annotated

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    AgainOption,
    DryRunOption,
    EvidenceOption,
    ForceOption,
    LossOption,
    RetentionOption,
    StableOption,
    TimeoutOption,
    again_since,
    rules_of,
)
from cdk_penstock.cli.operate.loss_confirmation import confirm_losses
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.model.lifecycle.planning import Outcome, RollbackTarget


def rollback_command(
    *,
    application: ApplicationOption,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the report and the evidence.")] = "as asked",
    force: ForceOption = False,
    yes_lose_state: LossOption = None,
    again: AgainOption = False,
    source_retention: RetentionOption = None,
    stable_seconds: StableOption = None,
    timeout_minutes: TimeoutOption = None,
    evidence_folder: EvidenceOption = EVIDENCE_DEFAULT,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the version before back, with the code and the snapshot of that time, and verify it.

    MSF rolls back an application that is RUNNING or UPDATING. With --force, one that MSF does not roll back is stopped,
    gets the settings of the version before, and is started from the newest snapshot of that time. The exit code is 0 if
    the version before runs again.
    """
    options = PlanOptions(
        dry_run=dry_run,
        as_json=as_json,
        stable_seconds=stable_seconds,
        timeout_minutes=timeout_minutes,
        evidence_folder=evidence_folder,
    )
    with open_plan_session(application, region, profile, operator_role, options) as (access, session):
        if force and not dry_run:
            confirm_losses(session.observe(), application, force=True, confirmed=yes_lose_state)
        target = RollbackTarget(
            reason=reason,
            may_force=force,
            again_since=again_since(again, access.clock.now()),
            rules=rules_of(source_retention),
        )
        session.finish(session.run(target), wanted={Outcome.ROLLED_BACK, Outcome.RESTORED})
