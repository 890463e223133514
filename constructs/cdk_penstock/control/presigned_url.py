"""A presigned URL of Flink's pages and REST API, for a browser or for one look. Nothing is changed.

The first use must come within three minutes; the URL ends with the session or with the application's cluster. Each
request with it needs kinesisanalytics:CreateApplicationPresignedUrl of its creator. Source:
https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_CreateApplicationPresignedUrl.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.flink_dashboard import DashboardUnavailableError
from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from cdk_penstock.control.clients import Clock, FlinkClient

SHORTEST_SESSION_SECONDS: Final = 1_800
LONGEST_SESSION_SECONDS: Final = 43_200
FIRST_USE_SECONDS: Final = 180


def new_dashboard_url(
    client: FlinkClient, name: str, *, clock: Clock, session_seconds: int = SHORTEST_SESSION_SECONDS
) -> str:
    """Return a new URL for a running application; raise DashboardUnavailableError for one that is not running."""
    try:
        answer = call_with_retry(
            lambda: client.create_application_presigned_url(
                ApplicationName=name,
                UrlType="FLINK_DASHBOARD_URL",
                SessionExpirationDurationInSeconds=session_seconds,
            ),
            action=f"create a URL of the dashboard of {name} (kinesisanalytics:CreateApplicationPresignedUrl)",
            clock=clock,
            propagation_seconds=0,
            reraise_codes=("ResourceInUseException",),
        )
    except ClientError as error:
        described = call_with_retry(
            lambda: client.describe_application(ApplicationName=name),
            action=f"describe application {name}",
            clock=clock,
            propagation_seconds=0,
        )["ApplicationDetail"]
        status = described["ApplicationStatus"]
        fix = "start it with penstock app start" if status == "READY" else "wait with penstock app status --watch"
        raise DashboardUnavailableError(
            f"the dashboard of {name} is there only while the application is RUNNING, it is {status}: {fix}, or see"
            " penstock app logs"
        ) from error
    return str(answer["AuthorizedUrl"])
