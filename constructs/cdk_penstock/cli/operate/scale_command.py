"""``penstock app scale``: another parallelism of an application."""

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
    RollbackOption,
    StableOption,
    StoppedOption,
    TimeoutOption,
    WithoutSnapshotsOption,
    again_since,
    rules_of,
)
from cdk_penstock.cli.operate.loss_confirmation import confirm_losses
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.model.lifecycle.planning import Change, ChangeTarget, Restore
from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS, MAX_PARALLELISM_PER_KPU, Sizing


def scale_command(
    *,
    application: ApplicationOption,
    parallelism: Annotated[
        int | None, typer.Option("--parallelism", min=1, help="Subtasks of each operator. Default: as it is.")
    ] = None,
    parallelism_per_kpu: Annotated[
        int | None,
        typer.Option(
            "--parallelism-per-kpu",
            min=1,
            max=MAX_PARALLELISM_PER_KPU,
            help="Subtasks that share a KPU. Default: as it is.",
        ),
    ] = None,
    max_kpus: Annotated[
        int, typer.Option("--max-kpus", min=1, help="The account's quota of KPUs per application.")
    ] = DEFAULT_MAX_KPUS,
    rollback: RollbackOption = True,
    leave_stopped: StoppedOption = False,
    force: ForceOption = False,
    allow_state_loss: WithoutSnapshotsOption = False,
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
    """Change the parallelism, verify the job, and roll back if it fails.

    A running application restarts through a snapshot. The next cdk deploy of its stack sets the template's value again.
    """
    if parallelism is None and parallelism_per_kpu is None:
        raise typer.BadParameter("expected --parallelism or --parallelism-per-kpu, got neither")
    options = PlanOptions(
        dry_run=dry_run,
        as_json=as_json,
        stable_seconds=stable_seconds,
        timeout_minutes=timeout_minutes,
        evidence_folder=evidence_folder,
    )
    with open_plan_session(application, region, profile, operator_role, options) as (access, session):
        seen = session.observe()
        present = seen.present.settings
        wanted = Sizing(
            parallelism=parallelism or present.parallelism,
            parallelism_per_kpu=parallelism_per_kpu or present.parallelism_per_kpu,
            max_kpus=max_kpus,
        )
        if present.autoscaling_enabled:
            session.note("autoscaling is enabled: MSF scales up and down by load, never below this parallelism")
        if not dry_run:
            confirm_losses(seen, application, force=force, without=allow_state_loss, confirmed=yes_lose_state)
        target = ChangeTarget(
            change=Change(parallelism=parallelism, parallelism_per_kpu=parallelism_per_kpu),
            may_force=force,
            may_lose_state=allow_state_loss,
            may_undo=rollback,
            restore=None if leave_stopped else Restore.latest(),
            again_since=again_since(again, access.clock.now()),
            rules=rules_of(source_retention),
        )
        session.finish(session.run(target), kpus=wanted.billed_kpus)
