"""CreateApplicationPresignedUrl: a URL for Flink's pages and REST API of a running application.

Source: API_CreateApplicationPresignedUrl.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.dashboard_tokens import DashboardTokens, dashboard_path
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.version_settings import Document


_DEFAULT_SECONDS: Final = 43_200


def _create_url(call: Call) -> Document:
    given, msf = call.parameters, call.msf
    application = call.situation().application
    if given["UrlType"] != "FLINK_DASHBOARD_URL":
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"UrlType {given['UrlType']} is for Studio notebooks: expected FLINK_DASHBOARD_URL",
        )
    check_status(StatusBound.PRESIGNED_URL, application.name, application.status)
    token = DashboardTokens(msf.store).create(
        application,
        call.caller,
        now=msf.options.clock(),
        lifetime=timedelta(seconds=given.get("SessionExpirationDurationInSeconds", _DEFAULT_SECONDS)),
    )
    return {"AuthorizedUrl": f"{msf.options.base_url()}{dashboard_path(application.uid)}?authToken={token}"}


OPERATIONS: Final = {"CreateApplicationPresignedUrl": _create_url}
"""The operations of this module, by their names in the API."""
