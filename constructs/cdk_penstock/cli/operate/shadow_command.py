"""``penstock app shadow``: a second application on the same source, with its own sink."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from cdk_penstock.cli.arguments import ApplicationOption, JsonOption, OperatorOption, ProfileOption, RegionOption
from cdk_penstock.cli.operate.change_options import BucketOption, DryRunOption, StableOption, TimeoutOption
from cdk_penstock.cli.operate.job_code import check_code, open_code, present_revision
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.cli.operate.plan_session import open_plan_session
from cdk_penstock.cli.operate.upgrade_command import check_runtime
from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.code_bucket import CodeBucket
from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.shadow_application import ShadowApplication
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Ended, Outcome, RunningTarget
from cdk_penstock.model.names import check_application_name
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.shadow import PropertyOverride, ShadowSettings

if TYPE_CHECKING:
    from typing import Any

    from cdk_penstock.cli.operate.plan_session import PlanSession


def _overrides(values: list[str] | None) -> list[str]:
    for each in values or ():
        try:
            PropertyOverride.parse(each)
        except PenstockError as error:
            raise typer.BadParameter(str(error)) from error
    return values or []


def _name(value: str | None) -> str | None:
    try:
        return None if value is None else check_application_name(value)
    except PenstockError as error:
        raise typer.BadParameter(str(error)) from error


_OVERRIDE = "GROUP:KEY=VALUE"


def shadow_command(
    *,
    application: ApplicationOption,
    sink: Annotated[
        list[str] | None,
        typer.Option(
            "--sink",
            metavar=_OVERRIDE,
            callback=_overrides,
            help="Another value of a property that leads to the sink. Required, and can be repeated.",
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar=_OVERRIDE,
            callback=_overrides,
            help="Another value of any other property. Can be repeated.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", callback=_name, help="The shadow's name. Default: APPLICATION-shadow.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            metavar="FOLDER|ZIP|JAR|S3",
            callback=check_code,
            help="The shadow's code, as for penstock app deploy. Default: that of the application.",
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option("--runtime", callback=check_runtime, help="The shadow's runtime. Default: as the application."),
    ] = None,
    parallelism: Annotated[
        int | None, typer.Option("--parallelism", min=1, help="The shadow's parallelism. Default: as the application.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="ARN of the shadow's customer managed key, whose policy must name it.")
    ] = None,
    aws_owned_key: Annotated[
        bool,
        typer.Option(
            "--aws-owned-key",
            help="Use the AWS-owned key, though the application has a customer managed key.",
        ),
    ] = False,
    bucket: BucketOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the shadow, with its snapshots.")] = False,
    stable_seconds: StableOption = None,
    timeout_minutes: TimeoutOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    operator_role: OperatorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a copy of the application beside it: same source, its own sink and consumers, without state; verify it.

    The shadow has the application's execution role, network and log stream. The caller creates, starts and deletes it;
    the operator role only describes the application. A shadow costs as much as an application: delete it after use.
    """
    options = PlanOptions(
        dry_run=dry_run, as_json=as_json, stable_seconds=stable_seconds, timeout_minutes=timeout_minutes
    )
    if not delete and not sink:
        raise typer.BadParameter(
            f"expected --sink {_OVERRIDE}, a property that leads the shadow to its own sink: two writers on one sink do"
            " harm"
        )
    if key is not None and aws_owned_key:
        raise typer.BadParameter("expected either --key or --aws-owned-key")
    shadow_name = name or f"{application}-shadow"
    opened = open_plan_session(application, region, profile, operator_role, options, beside=shadow_name)
    with opened as (access, session):
        client = access.beside(shadow_name).client
        shadow = ShadowApplication(client, shadow_name, original=application, clock=access.clock)
        if delete:
            _delete(shadow, session, shadow_name)
        described = access.describe()
        _check_key(described, key, aws_owned_key=aws_owned_key)
        settings = DescribedSettings.parse(described)
        present = present_revision(access, settings)
        its_runtime = FlinkRuntime.of(runtime or settings.runtime_environment)
        prepared = (
            nullcontext(None)
            if code is None
            else open_code(code, access, session, settings, its_runtime, to_bucket=bucket)
        )
        found = shadow.find()
        with prepared as job:
            revision = present.on(its_runtime.identifier)
            if job is not None and code is not None:
                job.check(code)
                if not dry_run and not job.is_in_s3:
                    session.stage(f"upload {job.place}")
                    job = job.upload(CodeBucket(access.s3, clock=access.clock))  # noqa: PLW2901 - the same code, in S3
                revision = job.revision(its_runtime, like=present)
        wanted = ShadowSettings(
            described=described,
            name=shadow_name,
            revision=revision,
            sink=[PropertyOverride.parse(each) for each in sink or ()],
            others=[PropertyOverride.parse(each) for each in properties or ()],
            parallelism=parallelism,
            key_arn=key,
        )
        if found is not None:
            _check_same(wanted, found)
        else:
            _create(shadow, session, wanted)
        target = RunningTarget(began_at=access.clock.now())
        planned = None if found is not None or not dry_run else wanted.observation_after_creation(access.clock.now())
        session.finish(session.run(target, planned_from=planned), code=str(wanted.revision))


def _create(shadow: ShadowApplication, session: PlanSession, wanted: ShadowSettings) -> None:
    for group, key, value in wanted.consumers():
        session.note(f"the shadow has its own consumers: {group}:{key}={value}")
    overrides = ", ".join(str(each) for each in (*wanted.sink, *wanted.others))
    if session.begin(f"create application {wanted.name}, {wanted.revision}, with {overrides}"):
        shadow.create(wanted)


def _delete(shadow: ShadowApplication, session: PlanSession, name: str) -> None:
    """Delete the shadow and end the command."""
    if shadow.find() is None:
        session.finish(Ended(outcome=Outcome.DONE, text=f"there is no application {name}"))
    if session.begin(f"delete application {name} with its snapshots"):
        shadow.delete()
    session.pause()
    session.finish(Ended(outcome=Outcome.DONE, text=f"application {name} is deleted"))


def _check_key(described: dict[str, Any], key: str | None, *, aws_owned_key: bool) -> None:
    present = ApplicationDetail.parse(described).encryption.key_arn
    if present is not None and key is None and not aws_owned_key:
        raise ControlError(
            f"the application's state is under key {present}, whose policy is for that application alone: give the"
            " shadow a key with --key, or accept the AWS-owned key with --aws-owned-key; nothing was changed"
        )


def _check_same(wanted: ShadowSettings, found: dict[str, Any]) -> None:
    differences = wanted.differences_from(DescribedSettings.parse(found))
    if differences:
        raise ControlError(
            f"application {wanted.name} exists with other settings ({', '.join(differences)}): delete it first with"
            " --delete, or take another name with --name; nothing was changed"
        )
