"""UpdateApplication, logging options, VPC configurations, and the maintenance window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.describing import application_detail, maintenance_window
from cdk_penstock.local.service.operations.applications import check_flink_runtime, configuration_context
from cdk_penstock.model.lifecycle.code_location import location_of_code
from cdk_penstock.model.lifecycle.described_configuration import (
    check_configuration,
    check_snapshot_mode,
    updated_configuration,
)
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.options import described_logging, described_vpc, updated_logging, without_option
from cdk_penstock.model.lifecycle.updating import Guard, change_settings, check_current, set_maintenance_window

if TYPE_CHECKING:
    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.version_settings import Document, Settings


_LOGGING_ID: Final = "CloudWatchLoggingOptionId"
_VPC: Final = "VpcConfigurationDescriptions"


def guard_of(call: Call) -> Guard:
    """Return the state that the caller believes the application to be in."""
    given = call.parameters
    return Guard(version_id=given.get("CurrentApplicationVersionId"), token=given.get("ConditionalToken"))


def _current(call: Call, bound: StatusBound) -> Situation:
    """Return the application if it may be changed: that comes before anything that the call asks for."""
    at = call.situation()
    check_status(bound, at.application.name, at.application.status)
    check_current(at.application, guard_of(call))
    return at


def _begin(call: Call, at: Situation, settings: Settings, bound: StatusBound) -> tuple[Application, str]:
    run = call.parameters.get("RunConfigurationUpdate", {})
    update = call.parameters.get("ApplicationConfigurationUpdate", {}).get("FlinkApplicationConfigurationUpdate", {})
    names_parallelism = "ParallelismUpdate" in update.get("ParallelismConfigurationUpdate", {})
    begun = change_settings(
        at, settings, bound=bound, guard=guard_of(call), run=run, names_parallelism=names_parallelism
    )
    call.msf.begin(call.caller, begun)
    return begun.change.application, begun.operation_id


def _update_application(call: Call) -> Document:
    at, given, msf = _current(call, StatusBound.UPDATE), call.parameters, call.msf
    present = at.application.settings
    role = given.get("ServiceExecutionRoleUpdate", present.role_arn)
    if role != present.role_arn:
        msf.authorization.check_pass_role(call.caller, role)
    runtime = given.get("RuntimeEnvironmentUpdate", present.runtime)
    check_flink_runtime(runtime)
    update: dict[str, Any] = given.get("ApplicationConfigurationUpdate", {})
    location = location_of_code(
        update.get("ApplicationCodeConfigurationUpdate", {}),
        present.configuration["ApplicationCodeConfigurationDescription"],
        suffix="Update",
    )
    if location is not None:
        msf.authorization.check_code(role, at.application.arn, location)
    context = configuration_context(call, at.application.newest_version_id + 1, location)
    configuration = updated_configuration(present.configuration, update, context)
    check_configuration(configuration, runtime, msf.options.switches)
    # The present runtime counts: a change of both needs two updates.
    check_snapshot_mode(configuration, present.runtime)
    logging_options = updated_logging(present.logging_options, given.get("CloudWatchLoggingOptionUpdates", []))
    settings = replace(
        present,
        runtime=runtime,
        role_arn=role,
        configuration=configuration,
        logging_options=logging_options,
        code=context.code.path if context.code else present.code,
    )
    application, operation_id = _begin(call, at, settings, StatusBound.UPDATE)
    return {"ApplicationDetail": application_detail(application), "OperationId": operation_id}


def _changed(call: Call, at: Situation, settings: Settings, bound: StatusBound) -> Document:
    application, operation_id = _begin(call, at, settings, bound)
    return {
        "ApplicationARN": application.arn,
        "ApplicationVersionId": application.version_id,
        "OperationId": operation_id,
    }


def _new_id(at: Situation) -> str:
    return f"{at.application.newest_version_id + 1}.1"


def _add_logging_option(call: Call) -> Document:
    at = _current(call, StatusBound.ADD_LOGGING)
    settings = at.application.settings
    added = described_logging(call.parameters["CloudWatchLoggingOption"], _new_id(at))
    changed = replace(settings, logging_options=(*settings.logging_options, added))
    answer = _changed(call, at, changed, StatusBound.ADD_LOGGING)
    return answer | {"CloudWatchLoggingOptionDescriptions": list(changed.logging_options)}


def _delete_logging_option(call: Call) -> Document:
    at = _current(call, StatusBound.DELETE_LOGGING)
    settings = at.application.settings
    kept = without_option(settings.logging_options, _LOGGING_ID, call.parameters[_LOGGING_ID])
    answer = _changed(call, at, replace(settings, logging_options=tuple(kept)), StatusBound.DELETE_LOGGING)
    return answer | {"CloudWatchLoggingOptionDescriptions": kept}


def _with_vpcs(settings: Settings, vpcs: list[Document]) -> Settings:
    return replace(settings, configuration=settings.configuration | {_VPC: vpcs})


def _add_vpc_configuration(call: Call) -> Document:
    at = _current(call, StatusBound.ADD_VPC)
    settings = at.application.settings
    context = configuration_context(call, at.application.newest_version_id + 1, None)
    added = described_vpc(call.parameters["VpcConfiguration"], context.vpc_id, _new_id(at))
    changed = _with_vpcs(settings, [*settings.configuration.get(_VPC, []), added])
    return _changed(call, at, changed, StatusBound.ADD_VPC) | {"VpcConfigurationDescription": added}


def _delete_vpc_configuration(call: Call) -> Document:
    at = _current(call, StatusBound.DELETE_VPC)
    settings = at.application.settings
    vpcs = settings.configuration.get(_VPC, [])
    kept = without_option(vpcs, "VpcConfigurationId", call.parameters["VpcConfigurationId"])
    return _changed(call, at, _with_vpcs(settings, kept), StatusBound.DELETE_VPC)


def _update_maintenance(call: Call) -> Document:
    at = call.situation()
    given = call.parameters["ApplicationMaintenanceConfigurationUpdate"]
    change = set_maintenance_window(at, given["ApplicationMaintenanceWindowStartTimeUpdate"])
    call.msf.commit(change)
    return {
        "ApplicationARN": change.application.arn,
        "ApplicationMaintenanceConfigurationDescription": maintenance_window(change.application),
    }


OPERATIONS: Final = {
    "AddApplicationCloudWatchLoggingOption": _add_logging_option,
    "AddApplicationVpcConfiguration": _add_vpc_configuration,
    "DeleteApplicationCloudWatchLoggingOption": _delete_logging_option,
    "DeleteApplicationVpcConfiguration": _delete_vpc_configuration,
    "UpdateApplication": _update_application,
    "UpdateApplicationMaintenanceConfiguration": _update_maintenance,
}
"""The operations of this module, by their names in the API."""
