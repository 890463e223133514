"""CreateApplication, DescribeApplication, ListApplications, DeleteApplication, and versions."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.describing import (
    application_detail,
    application_summary,
    version_detail,
)
from cdk_penstock.local.service.operations.operation_call import DEFAULT_LIMIT, page, position_of
from cdk_penstock.local.service.operations.tags import parsed_tags
from cdk_penstock.model.lifecycle.code_location import location_of_code
from cdk_penstock.model.lifecycle.described_configuration import (
    ConfigurationContext,
    check_configuration,
    created_configuration,
)
from cdk_penstock.model.lifecycle.options import described_logging
from cdk_penstock.model.lifecycle.records import Application
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.stopping import delete
from cdk_penstock.model.lifecycle.updating import DEFAULT_MAINTENANCE_START, create
from cdk_penstock.model.lifecycle.version_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.lifecycle.version_settings import Document


_TAGS_FORGOTTEN_AFTER_SECONDS: Final = 60.0


def check_flink_runtime(runtime: str) -> None:
    """Raise RefusedCallError for the runtime of an SQL or Studio application."""
    if not runtime.startswith("FLINK-"):
        raise RefusedCallError(
            RefusalCode.UNSUPPORTED_OPERATION,
            f"RuntimeEnvironment {runtime} is not supported: only applications of Apache Flink are",
        )


def configuration_context(call: Call, version_id: int, location: CodeLocation | None) -> ConfigurationContext:
    """Return what a configuration depends on, with a copy of the code that the call names."""
    caller, msf = call.caller, call.msf
    # Which VPC a subnet is in, only EC2 knows: here, an account has one in each Region.
    vpc = hashlib.sha256(f"{caller.account}/{caller.region}".encode()).hexdigest()[:17]
    return ConfigurationContext(
        switches=msf.options.switches,
        resolve_key=lambda key_id: msf.authorization.key_arn(caller, key_id),
        vpc_id=f"vpc-{vpc}",
        version_id=version_id,
        location=location,
        code=msf.code.copy(location) if location else None,
    )


def _create_application(call: Call) -> Document:
    given, msf, arn = call.parameters, call.msf, call.application_arn
    msf.authorization.check_action(call.caller, call.operation, "*")
    check_flink_runtime(given["RuntimeEnvironment"])
    if given.get("ApplicationMode", "STREAMING") != "STREAMING":
        raise RefusedCallError(
            RefusalCode.UNSUPPORTED_OPERATION,
            f"ApplicationMode {given['ApplicationMode']} is not supported for {given['RuntimeEnvironment']}",
        )
    tags = parsed_tags(given.get("Tags", []))
    _check_new(call, arn, tags)
    msf.authorization.check_pass_role(call.caller, given["ServiceExecutionRole"])
    configuration = given.get("ApplicationConfiguration", {})
    location = location_of_code(configuration.get("ApplicationCodeConfiguration", {}))
    if location is not None:
        msf.authorization.check_code(given["ServiceExecutionRole"], arn, location)
    context = configuration_context(call, 1, location)
    described = created_configuration(configuration, context)
    check_configuration(described, given["RuntimeEnvironment"], msf.options.switches)
    now = msf.options.clock()
    application = Application(
        uid=secrets.token_hex(8),
        arn=arn,
        name=given["ApplicationName"],
        description=given.get("ApplicationDescription", ""),
        created_at=now,
        updated_at=now,
        version_created_at=now,
        maintenance_start=DEFAULT_MAINTENANCE_START,
        tags=tags,
        settings=Settings(
            runtime=given["RuntimeEnvironment"],
            role_arn=given["ServiceExecutionRole"],
            configuration=described,
            logging_options=_logging_options(given),
            code=context.code.path if context.code else "",
        ),
    )
    msf.commit(create(application))
    return {"ApplicationDetail": application_detail(application)}


def _logging_options(given: Mapping[str, Any]) -> tuple[Document, ...]:
    options = given.get("CloudWatchLoggingOptions", [])
    return tuple(described_logging(each, f"1.{number}") for number, each in enumerate(options, start=1))


def _check_new(call: Call, arn: str, tags: dict[str, str]) -> None:
    msf, name = call.msf, call.parameters["ApplicationName"]
    if msf.store.has_application(arn):
        raise RefusedCallError(RefusalCode.RESOURCE_IN_USE, f"Application {name} already exists")
    limit = msf.options.switches.maximum_applications
    if msf.store.count_applications(call.scope) >= limit:
        raise RefusedCallError(
            RefusalCode.LIMIT_EXCEEDED, f"The account has {limit} applications in this Region, the limit"
        )
    deleted_at = msf.store.note("deleted", arn)
    since = msf.options.clock().timestamp() - (deleted_at or 0.0)
    if tags and since < _TAGS_FORGOTTEN_AFTER_SECONDS:
        raise RefusedCallError(
            RefusalCode.CONCURRENT_MODIFICATION,
            f"Tags are already registered for this resource ARN: {arn}, please retry later. Or you can create without"
            " tags and then add tags using TagResource API after successful resource creation",
        )


def _describe_application(call: Call) -> Document:
    at = call.situation()
    plan = at.job.plan if call.parameters.get("IncludeAdditionalDetails") else ""
    return {"ApplicationDetail": application_detail(at.application, plan=plan)}


def _list_applications(call: Call) -> Document:
    call.msf.authorization.check_action(call.caller, call.operation, "*")
    limit = call.parameters.get("Limit", DEFAULT_LIMIT)
    rows = call.msf.store.applications(call.scope, after=position_of(call.parameters) or 0, limit=limit + 1)
    return page("ApplicationSummaries", rows, limit, application_summary)


def _delete_application(call: Call) -> Document:
    at = call.situation()
    call.msf.begin(call.caller, delete(at, call.parameters["CreateTimestamp"]))
    return {}


def _describe_application_version(call: Call) -> Document:
    application = call.situation().application
    version = call.msf.store.version(application, call.parameters["ApplicationVersionId"])
    return {"ApplicationVersionDetail": version_detail(application, version)}


def _list_application_versions(call: Call) -> Document:
    application = call.situation().application
    limit = call.parameters.get("Limit", DEFAULT_LIMIT)
    after = position_of(call.parameters) or 0
    versions = call.msf.store.versions(application, after=after, limit=limit + 1)
    rows = [(each.version_id, version_detail(application, each)) for each in versions]
    return page("ApplicationVersionSummaries", rows, limit, lambda detail: {
        name: detail[name] for name in ("ApplicationVersionId", "ApplicationStatus")
    })  # fmt: skip


OPERATIONS: Final = {
    "CreateApplication": _create_application,
    "DeleteApplication": _delete_application,
    "DescribeApplication": _describe_application,
    "DescribeApplicationVersion": _describe_application_version,
    "ListApplicationVersions": _list_application_versions,
    "ListApplications": _list_applications,
}
"""The operations of this module, by their names in the API."""
