"""``penstock app move-source``: from the legacy Kinesis consumer to the KinesisStreamsSource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    AgainOption,
    BucketOption,
    DryRunOption,
    EvidenceOption,
    LossOption,
    RetentionOption,
    RollbackOption,
    StableOption,
    TimeoutOption,
    again_since,
    rules_of,
)
from cdk_penstock.cli.operate.job_code import check_code, open_code, present_revision
from cdk_penstock.cli.operate.loss_confirmation import confirm_loss
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.cli.operate.time_spans import check_time_span, parse_time_span
from cdk_penstock.control.code_bucket import CodeBucket
from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.lifecycle.planning import ChangeTarget, Outcome, expected_after
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.source_move import MoveStage, SourceMove
from cdk_penstock.model.source_move.source_move import POSITION_KEY, TIMESTAMP_KEY

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning import DescribedSettings


def move_source_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|ZIP|JAR|S3",
            callback=check_code,
            help="The code with the new source, as for penstock app deploy.",
        ),
    ],
    *,
    application: ApplicationOption,
    group: Annotated[
        str, typer.Option("--group", help="The property group from which the job reads where its source begins.")
    ],
    position_key: Annotated[str, typer.Option("--position-key", help="The key of the position.")] = POSITION_KEY,
    timestamp_key: Annotated[str, typer.Option("--timestamp-key", help="The key of the time.")] = TIMESTAMP_KEY,
    margin: Annotated[
        str,
        typer.Option(
            "--margin",
            callback=check_time_span,
            metavar="SPAN",
            help="The new source begins so long before the deployment. It must be longer than the job is behind.",
        ),
    ] = "5m",
    without_state: Annotated[
        bool,
        typer.Option(
            "--without-state",
            help="Begin without any state: for SQL, the Table API, and operators without uids. The command asks twice.",
        ),
    ] = False,
    yes_lose_state: LossOption = None,
    bucket: BucketOption = None,
    rollback: RollbackOption = True,
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
    """Deploy code that reads Kinesis with the new source, from a time just before, and then put the properties back.

    The new source cannot read the state of the legacy one. With uids on all operators, of which only that of the source
    has changed, all other state is kept. Some records are read twice, so this move is not exactly-once.
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
        settings = seen.present.settings
        present = present_revision(access, settings)
        runtime = FlinkRuntime.of(settings.runtime_environment)
        _check_group(settings, group)
        with open_code(source, access, session, settings, runtime, to_bucket=bucket) as code:
            code.check(source)
            session.pause()
            if not dry_run and without_state:
                loss = "the job begins without any state, because its operators have no uids"
                confirm_loss(application, loss, confirmed=yes_lose_state)
            if not dry_run and not code.is_in_s3:
                session.stage(f"upload {code.place}")
                code = code.upload(CodeBucket(access.s3, clock=access.clock))  # noqa: PLW2901 - the same code, in S3
        move = SourceMove(
            revision=code.revision(runtime, like=present),
            group=group,
            position_key=position_key,
            timestamp_key=timestamp_key,
            keeps_state=not without_state,
            margin=parse_time_span(margin),
        )
        rules = rules_of(source_retention)
        since = again_since(again, access.clock.now())
        if move.stage(seen) is not MoveStage.DONE:
            session.note(
                f"records since {margin} before are read twice; a job that is further behind its source than that loses"
                " records: see the metric millisBehindLatest"
            )
            change = move.change(seen, again=again)
            first = ChangeTarget(
                change=change,
                restore=move.restore,
                update_restore=move.restore,
                may_undo=rollback,
                again_since=since,
                rules=rules,
            )
            end = session.run(first)
            if end.outcome is not Outcome.VERIFIED:
                session.finish(end, code=str(code.place))
            seen = expected_after(seen, first) if dry_run else session.observe()
        back = ChangeTarget(change=move.change_back(seen), may_undo=rollback, again_since=since, rules=rules)
        session.finish(session.run(back, planned_from=seen), code=str(code.place))


def _check_group(settings: DescribedSettings, group: str) -> None:
    """Raise ControlError if the job does not have the group already: then it does not read it."""
    groups = settings.property_groups
    if group not in groups:
        there = ", ".join(sorted(groups)) or "none"
        raise ControlError(f"the application has no property group {group!r}: expected one of {there}")
