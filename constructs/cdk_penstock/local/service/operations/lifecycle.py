"""StartApplication, StopApplication, RollbackApplication, and the operations that MSF lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.describing import application_detail, operation_detail, operation_info
from cdk_penstock.local.service.operations.operation_call import DEFAULT_LIMIT, page, position_of
from cdk_penstock.local.service.operations.updates import guard_of
from cdk_penstock.model.lifecycle.rolling_back import roll_back
from cdk_penstock.model.lifecycle.starting import start
from cdk_penstock.model.lifecycle.stopping import force_stop, stop

if TYPE_CHECKING:
    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.version_settings import Document


def _start_application(call: Call) -> Document:
    begun = start(call.situation(), call.parameters.get("RunConfiguration", {}))
    call.msf.begin(call.caller, begun)
    return {"OperationId": begun.operation_id}


def _stop_application(call: Call) -> Document:
    at = call.situation()
    begun = force_stop(at) if call.parameters.get("Force", False) else stop(at)
    call.msf.begin(call.caller, begun)
    return {"OperationId": begun.operation_id}


def _rollback_application(call: Call) -> Document:
    begun = roll_back(call.situation(), guard_of(call))
    call.msf.begin(call.caller, begun)
    return {"ApplicationDetail": application_detail(begun.change.application), "OperationId": begun.operation_id}


def _describe_operation(call: Call) -> Document:
    application = call.situation().application
    operation = call.msf.store.operation(application, call.parameters["OperationId"])
    return {"ApplicationOperationInfoDetails": operation_detail(operation)}


def _list_operations(call: Call) -> Document:
    application = call.situation().application
    limit = call.parameters.get("Limit", DEFAULT_LIMIT)
    rows = call.msf.store.operations(
        application,
        before=position_of(call.parameters),
        limit=limit + 1,
        name=call.parameters.get("Operation", ""),
        status=call.parameters.get("OperationStatus", ""),
    )
    return page("ApplicationOperationInfoList", rows, limit, operation_info)


OPERATIONS: Final = {
    "DescribeApplicationOperation": _describe_operation,
    "ListApplicationOperations": _list_operations,
    "RollbackApplication": _rollback_application,
    "StartApplication": _start_application,
    "StopApplication": _stop_application,
}
"""The operations of this module, by their names in the API."""
