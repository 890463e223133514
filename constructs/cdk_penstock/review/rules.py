"""The rules for applications on Managed Service for Apache Flink."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.findings import WILDCARD_RULE, resource_pattern, wildcard_subject
from cdk_penstock.model.runtimes import FlinkRuntime, UnknownRuntimeError
from cdk_penstock.model.secrets import holds_secret, may_hold_secret
from cdk_penstock.review.applications_and_policies import flink_applications, statements
from cdk_penstock.review.condition_variants import variants
from cdk_penstock.review.key_rules import demanded_key_is_there, key_policy_lets_msf_in
from cdk_penstock.review.public_subnets import subnets_are_private
from cdk_penstock.review.reachability import job_reaches_what_it_calls
from cdk_penstock.review.rule import Rule, Violation
from cdk_penstock.review.templates import (
    APPLICATION,
    LOGGING_OPTION,
    as_list,
    as_mapping,
    is_intrinsic,
    is_off,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_penstock.review.rule import Finding
    from cdk_penstock.review.templates import Resource, Templates

_CONFIGURATION: Final = "ApplicationConfiguration"
_CHECKPOINTS: Final = f"{_CONFIGURATION}.FlinkApplicationConfiguration.CheckpointConfiguration"
_CHECKPOINTING: Final = f"{_CHECKPOINTS}.CheckpointingEnabled"
_SNAPSHOTS: Final = f"{_CONFIGURATION}.ApplicationSnapshotConfiguration.SnapshotsEnabled"
_ROLLBACK: Final = f"{_CONFIGURATION}.ApplicationSystemRollbackConfiguration.RollbackEnabled"
_VPC: Final = f"{_CONFIGURATION}.VpcConfigurations"
_PROPERTIES: Final = f"{_CONFIGURATION}.EnvironmentProperties.PropertyGroups"


def checkpointing_is_on(templates: Templates) -> Iterator[Violation]:
    """Yield applications without checkpoints, which lose all state after a failure.

    The configuration type DEFAULT switches checkpoints on, despite all other settings (API reference,
    CheckpointConfiguration).
    """
    for application in flink_applications(templates):
        kind = application.get(f"{_CHECKPOINTS}.ConfigurationType")
        if kind != "DEFAULT" and not is_intrinsic(kind) and is_off(application.get(_CHECKPOINTING)):
            yield Violation(
                problem="checkpointing is off: after any failure the job starts from an empty state",
                fix="leave checkpointing_enabled at its default",
                resource=application,
                location=_CHECKPOINTING,
            )


def snapshots_are_on(templates: Templates) -> Iterator[Violation]:
    """Yield applications without snapshots, which lose all state at every update, stop and scaling."""
    for application in flink_applications(templates):
        if is_off(application.get(_SNAPSHOTS)):
            yield Violation(
                problem="snapshots are off: every update, stop and scaling starts the job from an empty state",
                fix="leave snapshots_enabled at its default",
                resource=application,
                location=_SNAPSHOTS,
            )


def system_rollback_is_on(templates: Templates) -> Iterator[Violation]:
    """Yield applications that do not ask MSF to roll a failed update back."""
    for application in flink_applications(templates):
        value = application.get(_ROLLBACK)
        if value is None or is_off(value):
            yield Violation(
                problem="system rollback is off: an update that fails leaves the application stopped or stuck",
                fix="leave system_rollback_enabled at its default, or set RollbackEnabled: true",
                resource=application,
                location=_ROLLBACK,
            )


def runtime_is_supported(templates: Templates) -> Iterator[Violation]:
    """Yield applications on runtimes whose support has ended, which MSF does not start."""
    for application in flink_applications(templates):
        identifier = application.get("RuntimeEnvironment")
        try:
            supported = FlinkRuntime.of(str(identifier)).is_supported
        except UnknownRuntimeError:
            continue
        if not supported:
            yield Violation(
                problem=f"runtime {identifier} is no longer supported and will not start",
                fix="upgrade in place, one step at a time, to FLINK-1_20 or later",
                resource=application,
                location="RuntimeEnvironment",
            )


def log_has_retention(templates: Templates) -> Iterator[Violation]:
    """Yield applications without a log, and log groups of applications without retention."""
    logged: set[tuple[str, str]] = set()
    for option in templates.resources(LOGGING_OPTION):
        logged.update(application.key for application in _named(option.get("ApplicationName"), option, templates))
        for group in _log_groups(option, templates):
            if group.get("RetentionInDays") is None:
                yield Violation(
                    problem="the application's log group has no retention, so it keeps log events without end",
                    fix="set RetentionInDays, for example 30",
                    resource=group,
                    location="RetentionInDays",
                )
    for application in flink_applications(templates):
        if application.key not in logged:
            yield Violation(
                problem="the application logs nowhere, so a failed start leaves no trace",
                fix=f"add an {LOGGING_OPTION}",
                resource=application,
                location="ApplicationName",
            )


def wildcards_have_a_reason(templates: Templates) -> Iterator[Violation]:
    """Yield wildcard resources in IAM policies, action by action; a recorded reason acknowledges each."""
    for resource in templates.resources("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for statement in statements(resource):
            for target in as_list(statement.get("Resource")):
                if statement.get("Effect") != "Allow" or "*" not in resource_pattern(target):
                    continue
                for action in as_list(statement.get("Action")):
                    yield Violation(
                        subject=wildcard_subject(action, target),
                        problem=f"{action} is allowed on the wildcard resource {resource_pattern(target)}",
                        fix="name the resources, or record the reason (ExecutionRole.allow, record_wildcard)",
                        resource=resource,
                        location="PolicyDocument",
                    )


def properties_hold_no_secret(templates: Templates) -> Iterator[Violation]:
    """Yield entries of property groups that may be secrets.

    Everybody who may describe an application, or read its template, sees them.
    """
    for application in flink_applications(templates):
        for group in as_list(application.get(_PROPERTIES)):
            for key, value in as_mapping(as_mapping(group).get("PropertyMap")).items():
                if isinstance(value, str) and (holds_secret(value) or may_hold_secret(key, value)):
                    yield Violation(
                        problem=f"property {key!r} may be a secret",
                        fix="pass the name of a secret of AWS Secrets Manager, which the job reads at run time, or"
                        " acknowledge it if it is not a secret",
                        resource=application,
                        location=_PROPERTIES,
                        is_warning=not holds_secret(value),
                    )


_MSF: Final = "https://docs.aws.amazon.com/managed-flink/latest"

RULES: Final = (
    Rule(
        id="MSF1",
        title="checkpointing is off (cdk-nag's KDA3 looks at a deprecated resource type, and does not see it)",
        source=f"{_MSF}/java/how-fault.html",
        check=checkpointing_is_on,
    ),
    Rule(
        id="MSF2",
        title="snapshots are off",
        source=f"{_MSF}/java/how-snapshots.html",
        check=snapshots_are_on,
    ),
    Rule(
        id="MSF3",
        title="system rollback is off, which is MSF's default",
        source=f"{_MSF}/java/how-system-rollbacks.html",
        check=system_rollback_is_on,
    ),
    Rule(
        id="MSF4",
        title="a runtime that MSF no longer starts",
        source=f"{_MSF}/java/earlier.html",
        check=runtime_is_supported,
    ),
    Rule(
        id="MSF5",
        title="no log, or a log group without retention",
        source=f"{_MSF}/java/cloudwatch-logs.html",
        check=log_has_retention,
    ),
    Rule(
        id="MSF6",
        title="subnets with a public address or a route to an internet gateway",
        source=f"{_MSF}/java/vpc-internet.html",
        check=subnets_are_private,
    ),
    Rule(
        id=WILDCARD_RULE,
        title="an action that is allowed on a wildcard resource without a recorded reason",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        check=wildcards_have_a_reason,
        subject="action@resource",
    ),
    Rule(
        id="MSF8",
        title="a service, cluster or domain that the job may call and cannot reach from its VPC",
        source=f"{_MSF}/java/vpc-internet.html",
        check=job_reaches_what_it_calls,
        subject="service",
    ),
    Rule(
        id="MSF9",
        title="an entry of a property group that may be a secret",
        source=f"{_MSF}/apiv2/API_DescribeApplication.html",
        check=properties_hold_no_secret,
    ),
    Rule(
        id="MSF10",
        title="an application on the AWS-owned key, where its stack demands a customer managed key",
        source=f"{_MSF}/java/key-management-flink.html",
        check=demanded_key_is_there,
    ),
    Rule(
        id="MSF11",
        title="an application's key whose policy keeps MSF or the operator role out, or lets others use the key",
        source=f"{_MSF}/java/manage-cmk-api.html",
        check=key_policy_lets_msf_in,
    ),
)


def find_all(templates: Templates, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return the findings of the rules under any choice of the templates' conditions, each once."""
    found: dict[tuple[str, str, str, str], Finding] = {}
    for chosen in variants(templates):
        for rule in rules:
            for finding in rule.findings(chosen):
                found.setdefault((finding.rule, finding.problem, *finding.resource.key), finding)
    return list(found.values())


def _named(name: object, option: Resource, templates: Templates) -> Iterator[Resource]:
    """Yield the applications with a name, which is a reference or a text."""
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
