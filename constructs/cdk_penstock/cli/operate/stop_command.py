"""``penstock app stop``: stop an application with a snapshot, or with force without one."""

from __future__ import annotations

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    DryRunOption,
    EvidenceOption,
    ForceOption,
    LossOption,
    TimeoutOption,
)
from cdk_penstock.cli.operate.loss_confirmation import confirm_losses
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.model.lifecycle.planning import StoppedTarget


def stop_command(
    *,
    application: ApplicationOption,
    force: ForceOption = False,
    yes_lose_state: LossOption = None,
    timeout_minutes: TimeoutOption = None,
    evidence_folder: EvidenceOption = EVIDENCE_DEFAULT,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the application with a snapshot; with --force at once, without one.

    A stop that cannot take a snapshot is refused, and the application goes on.
    """
    options = PlanOptions(
        dry_run=dry_run, as_json=as_json, timeout_minutes=timeout_minutes, evidence_folder=evidence_folder
    )
    with open_plan_session(application, region, profile, operator_role, options) as (_, session):
        if force and not dry_run:
            confirm_losses(session.observe(), application, force=True, confirmed=yes_lose_state)
        session.finish(session.run(StoppedTarget(may_force=force)))
