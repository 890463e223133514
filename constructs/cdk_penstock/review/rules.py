"""The rules for applications on Managed Service for Apache Flink, each a function from templates to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.findings import resource_pattern, wildcard_id
from cdk_penstock.model.runtimes import FlinkRuntime, UnknownRuntimeError
from cdk_penstock.model.secrets import holds_secret, may_hold_secret
from cdk_penstock.review.conditions import variants
from cdk_penstock.review.findings import (
    APPLICATION,
    LOGGING_OPTION,
    SHAPE_ERRORS,
    Finding,
    Resource,
    as_list,
    as_mapping,
    is_intrinsic,
    is_off,
)
from cdk_penstock.review.parts import flink_applications, statements
from cdk_penstock.review.public_subnets import subnets_are_private
from cdk_penstock.review.reachability import job_reaches_what_it_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.review.findings import Templates

__all__ = ("RULES", "find_all")

_CONFIGURATION: Final = "ApplicationConfiguration"
_CHECKPOINTS: Final = f"{_CONFIGURATION}.FlinkApplicationConfiguration.CheckpointConfiguration"
_CHECKPOINTING: Final = f"{_CHECKPOINTS}.CheckpointingEnabled"
_SNAPSHOTS: Final = f"{_CONFIGURATION}.ApplicationSnapshotConfiguration.SnapshotsEnabled"
_ROLLBACK: Final = f"{_CONFIGURATION}.ApplicationSystemRollbackConfiguration.RollbackEnabled"
_VPC: Final = f"{_CONFIGURATION}.VpcConfigurations"
_PROPERTIES: Final = f"{_CONFIGURATION}.EnvironmentProperties.PropertyGroups"


def checkpointing_is_on(templates: Templates) -> Iterator[Finding]:
    """MSF1: without checkpoints a failure loses all state (cdk-nag's KDA3 looks at another resource class).

    The configuration type DEFAULT switches them on, whatever else is set (API reference, CheckpointConfiguration).
    """
    for application in flink_applications(templates):
        kind = application.get(f"{_CHECKPOINTS}.ConfigurationType")
        if kind != "DEFAULT" and not is_intrinsic(kind) and is_off(application.get(_CHECKPOINTING)):
            yield Finding(
                rule="MSF1",
                problem="checkpointing is off: after any failure the job starts from an empty state",
                fix="leave checkpointing_enabled at its default",
                resource=application,
                location=_CHECKPOINTING,
            )


def snapshots_are_on(templates: Templates) -> Iterator[Finding]:
    """MSF2: without snapshots every update, stop and scaling loses all state."""
    for application in flink_applications(templates):
        if is_off(application.get(_SNAPSHOTS)):
            yield Finding(
                rule="MSF2",
                problem="snapshots are off: every update, stop and scaling starts the job from an empty state",
                fix="leave snapshots_enabled at its default",
                resource=application,
                location=_SNAPSHOTS,
            )


def system_rollback_is_on(templates: Templates) -> Iterator[Finding]:
    """MSF3: MSF rolls a failed update back only where that is asked for."""
    for application in flink_applications(templates):
        value = application.get(_ROLLBACK)
        if value is None or is_off(value):
            yield Finding(
                rule="MSF3",
                problem="system rollback is off: an update that fails leaves the application stopped or stuck",
                fix="leave system_rollback_enabled at its default, or set RollbackEnabled: true",
                resource=application,
                location=_ROLLBACK,
            )


def runtime_is_supported(templates: Templates) -> Iterator[Finding]:
    """MSF4: MSF does not start applications on runtimes whose support has ended."""
    for application in flink_applications(templates):
        identifier = application.get("RuntimeEnvironment")
        try:
            supported = FlinkRuntime.of(str(identifier)).is_supported
        except UnknownRuntimeError:
            continue
        if not supported:
            yield Finding(
                rule="MSF4",
                problem=f"runtime {identifier} is no longer supported and will not start",
                fix="upgrade in place, one step at a time, to FLINK-1_20 or later",
                resource=application,
                location="RuntimeEnvironment",
            )


def log_has_retention(templates: Templates) -> Iterator[Finding]:
    """MSF5: an application logs, and its log group says for how long."""
    logged: set[tuple[str, str]] = set()
    for option in templates.resources(LOGGING_OPTION):
        logged.update(application.key for application in _named(option.get("ApplicationName"), option, templates))
        for group in _log_groups(option, templates):
            if group.get("RetentionInDays") is None:
                yield Finding(
                    rule="MSF5",
                    problem="the application's log group has no retention and keeps log events for ever",
                    fix="set RetentionInDays, for example 30",
                    resource=group,
                    location="RetentionInDays",
                )
    for application in flink_applications(templates):
        if application.key not in logged:
            yield Finding(
                rule="MSF5",
                problem="the application logs nowhere, so a failed start leaves no trace",
                fix=f"add an {LOGGING_OPTION}",
                resource=application,
                location="ApplicationName",
            )


def wildcards_have_a_reason(templates: Templates) -> Iterator[Finding]:
    """MSF7: each wildcard resource in IAM has a recorded reason, action by action."""
    for resource in templates.resources("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for statement in statements(resource):
            for target in as_list(statement.get("Resource")):
                if statement.get("Effect") != "Allow" or "*" not in resource_pattern(target):
                    continue
                for action in as_list(statement.get("Action")):
                    yield Finding(
                        rule=wildcard_id(action, target),
                        problem=f"{action} is allowed on the wildcard resource {resource_pattern(target)}",
                        fix="name the resources, or record the reason (ExecutionRole.allow, record_wildcard)",
                        resource=resource,
                        location="PolicyDocument",
                    )


def properties_hold_no_secret(templates: Templates) -> Iterator[Finding]:
    """MSF9: whoever may describe an application, or read its template, sees its property groups."""
    for application in flink_applications(templates):
        for group in as_list(application.get(_PROPERTIES)):
            for key, value in as_mapping(as_mapping(group).get("PropertyMap")).items():
                if isinstance(value, str) and (holds_secret(value) or may_hold_secret(key, value)):
                    yield Finding(
                        rule="MSF9",
                        problem=f"property {key!r} may be a secret",
                        fix="pass the name of a secret of AWS Secrets Manager, which the job reads at run time, or"
                        " acknowledge it where it is none",
                        resource=application,
                        location=_PROPERTIES,
                        is_warning=not holds_secret(value),
                    )


RULES: Final[tuple[Callable[[Templates], Iterator[Finding]], ...]] = (
    checkpointing_is_on,
    snapshots_are_on,
    system_rollback_is_on,
    runtime_is_supported,
    log_has_retention,
    subnets_are_private,
    wildcards_have_a_reason,
    job_reaches_what_it_calls,
    properties_hold_no_secret,
)


def find_all(templates: Templates) -> list[Finding]:
    """Return what all rules find, under any choice of the templates' conditions, each once."""
    found: dict[tuple[str, str, str, str], Finding] = {}
    for chosen in variants(templates):
        for rule in RULES:
            for finding in _found_by(rule, chosen):
                resource = finding.resource
                found.setdefault((finding.rule, finding.problem, *resource.key), finding)
    return list(found.values())


def _found_by(rule: Callable[[Templates], Iterator[Finding]], templates: Templates) -> list[Finding]:
    """Return what a rule finds; one that cannot read a template says so, and hides no other rule's findings."""
    try:
        return list(rule(templates))
    except SHAPE_ERRORS as error:
        name = (rule.__doc__ or "").partition(":")[0]
        problem = f"{name} could not be checked: the template has a form that it does not know ({error!r})"
        fix = "check the properties by hand and acknowledge this, and report the template to penstock's maintainers"
        return [
            Finding(rule=f"{name}[unchecked]", problem=problem, fix=fix, resource=resource, location="")
            for resource in templates.resources(APPLICATION)
        ]


def _named(name: object, option: Resource, templates: Templates) -> Iterator[Resource]:
    """Yield the applications that a name means, as a reference to one or as a text."""
    referred = templates.find(name, option.template)
    for application in option.template.resources(APPLICATION) if referred is None else (referred,):
        if referred is not None or application.get("ApplicationName") == name:
            yield application


def _log_groups(option: Resource, templates: Templates) -> Iterator[Resource]:
    """Yield the log groups that the parts of a logging option's ARN refer to."""
    match option.get("CloudWatchLoggingOption.LogStreamARN"):
        case {"Fn::Join": [_, list(parts)]}:
            for part in parts:
                resource = templates.find(part, option.template)
                if resource is not None and resource.type == "AWS::Logs::LogGroup":
                    yield resource
