"""Calls that an application's job makes itself, read from the permissions of its execution role.

MSF loads the code, writes the application's log and metrics and keeps its state without the application's VPC; the
permissions for that are in the same role, and are left out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.model.findings import resource_pattern
from cdk_penstock.model.names import METRICS_NAMESPACE
from cdk_penstock.review.applications_and_policies import role_policies, statements
from cdk_penstock.review.templates import APPLICATION, LOGGING_OPTION, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from cdk_penstock.review.templates import Resource, Templates

_CODE: Final = "ApplicationConfiguration.ApplicationCodeConfiguration.CodeContent.S3ContentLocation"
_NOT_USERS_OF_A_KEY: Final = ("AWS::IAM::", "AWS::KMS::", APPLICATION)


@dataclass(frozen=True, kw_only=True)
class JobCall:
    """One action that the job may call, on one resource as the policy names it."""

    action: str
    resource: object
    policy: Resource

    @property
    def service(self) -> AwsService | None:
        """The service that the action belongs to, None if the table of VPC endpoints does not have it."""
        return AwsService.of_action(self.action)


def job_calls(application: Resource, templates: Templates) -> Iterator[JobCall]:
    """Yield the calls that the application's job may make; none if its role is not in the templates."""
    role = templates.find(application.get("ServiceExecutionRole"), application.template)
    if role is None:
        return
    of_msf = _patterns_of_msf(application, templates)
    for policy in role_policies(role, templates):
        for statement in statements(policy):
            if statement.get("Effect") != "Allow" or _is_for_msf(statement):
                continue
            for resource in as_list(statement.get("Resource")):
                if resource_pattern(resource).startswith(of_msf):
                    continue
                for action in as_list(statement.get("Action")):
                    call = JobCall(action=str(action), resource=resource, policy=policy)
                    if isinstance(action, str) and _is_made_by_the_job(call, templates):
                        yield call


def _patterns_of_msf(application: Resource, templates: Templates) -> tuple[str, ...]:
    """Return the beginnings of the ARNs of the code object and of the log group."""
    code = as_mapping(application.get(_CODE))
    patterns = [f"{resource_pattern(code.get('BucketARN'))}/{resource_pattern(code.get('FileKey'))}"] if code else []
    for option in templates.resources(LOGGING_OPTION):
        logged = templates.find(option.get("ApplicationName"), option.template)
        if logged is not None and logged.key == application.key:
            stream = resource_pattern(option.get("CloudWatchLoggingOption.LogStreamARN"))
            patterns.append(stream.partition(":log-stream:")[0])
    return tuple(patterns)


def _is_for_msf(statement: Mapping[str, Any]) -> bool:
    """Return True if a service acts for the role, or the statement is about MSF's own metrics, by its conditions."""
    equal = as_mapping(as_mapping(statement.get("Condition")).get("StringEquals"))
    return "kms:ViaService" in equal or METRICS_NAMESPACE in as_list(equal.get("cloudwatch:namespace"))


def _is_made_by_the_job(call: JobCall, templates: Templates) -> bool:
    """Return True if the job itself makes the call.

    MSF describes log groups before it logs. A permission on a key that encrypts a stream, a topic or a
    bucket is used by that service, which calls KMS for the role; a key that is not in the templates is not judged.
    """
    if call.service is AwsService.CLOUDWATCH_LOGS:
        return not call.action.startswith("logs:Describe")
    if call.service is not AwsService.KMS:
        return True
    keys = [key for key in templates.references(call.resource, call.policy.template) if key.type == "AWS::KMS::Key"]
    return any(not _encrypts_for_a_service(key, templates) for key in keys)


def _encrypts_for_a_service(key: Resource, templates: Templates) -> bool:
    return any(
        used.key == key.key
        for user in templates.resources()
        if not user.type.startswith(_NOT_USERS_OF_A_KEY)
        for used in templates.references(user.body.get("Properties"), user.template)
    )
