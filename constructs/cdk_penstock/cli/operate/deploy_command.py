"""``penstock app deploy``: other code for an application."""

from __future__ import annotations

from typing import Annotated

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import (
    EVIDENCE_DEFAULT,
    LATEST,
    AgainOption,
    BucketOption,
    DryRunOption,
    EvidenceOption,
    ForceOption,
    LossOption,
    NonRestoredOption,
    RestoreOption,
    RetentionOption,
    RollbackOption,
    StableOption,
    StoppedOption,
    TimeoutOption,
    WithoutSnapshotsOption,
    again_since,
    restore_of,
    rules_of,
    update_restore_of,
)
from cdk_penstock.cli.operate.job_code import check_code, open_code, present_revision
from cdk_penstock.cli.operate.loss_confirmation import confirm_losses
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.control.code_bucket import CodeBucket
from cdk_penstock.model.lifecycle.planning import Change, ChangeTarget
from cdk_penstock.model.runtimes import FlinkRuntime


def deploy_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|ZIP|JAR|S3",
            callback=check_code,
            help="A job's folder to build, a .zip or .jar, or an object such as s3://BUCKET/KEY.",
        ),
    ],
    *,
    application: ApplicationOption,
    bucket: BucketOption = None,
    restore: RestoreOption = LATEST,
    allow_non_restored_state: NonRestoredOption = False,
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
    """Deploy code: check it for the application's runtime, upload it, update, verify the job, roll back if it fails.

    The code is uploaded beside the present code, under a key with the hash of its content; nothing is overwritten. The
    application's execution role must be allowed to read it there. The next cdk deploy of the application's stack that
    changes the application brings the template's code back.
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
        with open_code(source, access, session, settings, runtime, to_bucket=bucket) as code:
            code.check(source)
            # The key of what this command has uploaded says its content.
            if source.startswith("s3:") and code.revision(runtime, like=present) == present:
                session.note(
                    f"the application has {code.place} already: MSF keeps the content that it had then; to deploy an"
                    " object that was overwritten since, write it under another key"
                )
            session.pause()
            if not dry_run:
                confirm_losses(seen, application, force=force, without=allow_state_loss, confirmed=yes_lose_state)
            uploaded = not code.is_in_s3 and not dry_run
            if uploaded:
                session.stage(f"upload {code.place}")
                code = code.upload(CodeBucket(access.s3, clock=access.clock))  # noqa: PLW2901 - the same code, in S3
        state = restore_of(restore, allow_non_restored_state=allow_non_restored_state)
        target = ChangeTarget(
            change=Change(revision=code.revision(runtime, like=present)),
            restore=None if leave_stopped else state,
            update_restore=update_restore_of(state),
            may_undo=rollback,
            may_force=force,
            may_lose_state=allow_state_loss,
            again_since=again_since(again, access.clock.now()),
            rules=rules_of(source_retention),
        )
        session.finish(session.run(target), code=str(code.place), uploaded=uploaded)
