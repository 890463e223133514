"""``penstock app upgrade``: another Flink runtime for an application, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate import loss_confirmation
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    AgainOption,
    BucketOption,
    DryRunOption,
    EvidenceOption,
    ForceOption,
    LossOption,
    NonRestoredOption,
    RetentionOption,
    RollbackOption,
    StableOption,
    StoppedOption,
    TimeoutOption,
    again_since,
    rules_of,
    update_restore_of,
)
from cdk_penstock.cli.operate.job_code import check_code, open_code, open_present_code, present_revision
from cdk_penstock.cli.operate.plan_options import EXIT_REFUSED, PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.cli.screen import print_json
from cdk_penstock.control.code_bucket import CodeBucket
from cdk_penstock.model.lifecycle.planning import Change, ChangeTarget, Ended, Outcome, Restore
from cdk_penstock.model.runtime_upgrade import CheckResult, UpgradeFacts, check_upgrade
from cdk_penstock.model.runtimes import FlinkRuntime, UnknownRuntimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.runtime_upgrade import UpgradeCheck


def check_runtime(value: str | None) -> str | None:
    """Return the identifier of a runtime, or raise BadParameter for one that MSF does not start."""
    try:
        return None if value is None else FlinkRuntime.named(value).identifier
    except UnknownRuntimeError as error:
        raise typer.BadParameter(str(error)) from error


def upgrade_command(
    *,
    application: ApplicationOption,
    runtime: Annotated[
        str, typer.Option("--runtime", callback=check_runtime, help="The new runtime, for example FLINK-1_20 or 1.20.")
    ],
    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            metavar="FOLDER|ZIP|JAR|S3",
            callback=check_code,
            help="Code for the new runtime, as for penstock app deploy. Default: the present code.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Print the checks, and change nothing.")] = False,
    reviewed: Annotated[
        bool,
        typer.Option("--reviewed", help="Accept the checks that only a person can make, without a question."),
    ] = False,
    bucket: BucketOption = None,
    allow_non_restored_state: NonRestoredOption = False,
    rollback: RollbackOption = True,
    leave_stopped: StoppedOption = False,
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
    """Upgrade to a newer runtime: check, then change runtime and code together, verify, roll back if the job fails.

    Snapshots, name and ARN of the application stay. Set the same runtime in the template afterwards: the next cdk
    deploy would bring the old one back.
    """
    options = PlanOptions(
        dry_run=dry_run,
        as_json=as_json,
        stable_seconds=stable_seconds,
        timeout_minutes=timeout_minutes,
        evidence_folder=evidence_folder,
    )
    target_runtime = FlinkRuntime.of(runtime)
    with open_plan_session(application, region, profile, operator_role, options) as (access, session):
        seen = session.observe()
        settings = seen.present.settings
        present = present_revision(access, settings)
        opened = (
            open_present_code(access, session, settings, target_runtime)
            if code is None
            else open_code(code, access, session, settings, target_runtime, to_bucket=bucket)
        )
        with opened as job:
            session.pause()
            checks: tuple[UpgradeCheck, ...] = ()
            # What an interrupted run has changed is only verified.
            if check or not Change(revision=job.revision(target_runtime, like=present)).is_met_by(settings):
                checks = check_upgrade(
                    UpgradeFacts(
                        seen=seen,
                        target=target_runtime,
                        replaces_code=code is not None,
                        package_problems=job.problems,
                    )
                )
                if check:
                    _finish_checks(application, checks, as_json=as_json)
                _show(checks, err=as_json)
                refusal = _refusal(checks, reviewed=reviewed or dry_run)
                if refusal is not None:
                    session.finish(Ended(outcome=Outcome.REFUSED, text=refusal), checks=_fields(checks))
            if not dry_run:
                loss_confirmation.confirm_losses(seen, application, force=force, confirmed=yes_lose_state)
                if not job.is_in_s3:
                    session.stage(f"upload {job.place}")
                    job = job.upload(CodeBucket(access.s3, clock=access.clock))  # noqa: PLW2901 - the same code, in S3
        state = Restore.latest().leaving_out_state() if allow_non_restored_state else Restore.latest()
        target = ChangeTarget(
            change=Change(revision=job.revision(target_runtime, like=present)),
            restore=None if leave_stopped else state,
            update_restore=update_restore_of(state),
            may_undo=rollback,
            may_force=force,
            again_since=again_since(again, access.clock.now()),
            rules=rules_of(source_retention),
        )
        session.finish(session.run(target), code=str(job.place), checks=_fields(checks))


def _finish_checks(application: str, checks: Sequence[UpgradeCheck], *, as_json: bool) -> NoReturn:
    """Print the checks, and exit with 5 if there is a problem."""
    if as_json:
        print_json({"application": application, "checks": _fields(checks)})
    else:
        _show(checks, err=False)
    raise typer.Exit(EXIT_REFUSED if _of(checks, CheckResult.PROBLEM) else 0)


def _show(checks: Sequence[UpgradeCheck], *, err: bool) -> None:
    for each in checks:
        typer.echo(f"  {each.result.value:<8}{each}", err=err)


def _refusal(checks: Sequence[UpgradeCheck], *, reviewed: bool) -> str | None:
    """Return why the upgrade is not begun; None if nothing is in the way, or somebody has confirmed the checks."""
    if problems := _of(checks, CheckResult.PROBLEM):
        return f"the checks found problems: {len(problems)}; nothing was changed"
    if reviewed or not (to_review := _of(checks, CheckResult.REVIEW)):
        return None
    if loss_confirmation.is_interactive() and loss_confirmation.is_confirmed(
        f"Have you reviewed these checks: {', '.join(each.subject for each in to_review)}?"
    ):
        return None
    return f"{len(to_review)} checks need a review by a person: review them, then add --reviewed; nothing was changed"


def _of(checks: Sequence[UpgradeCheck], result: CheckResult) -> list[UpgradeCheck]:
    return [each for each in checks if each.result is result]


def _fields(checks: Sequence[UpgradeCheck]) -> list[dict[str, str]]:
    return [
        {"subject": each.subject, "result": each.result.value, "text": each.text, "fix": each.fix} for each in checks
    ]
