"""The parallelism of one application: as it is, as it was, and its change.

End states. A refused change leaves the application as it is. An accepted one is an update: a running application takes
a snapshot, restarts and continues from it. ``describe`` and the application's operations say where that ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.application_tags import ApplicationTags
from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.control.clients import Clock, FlinkClient

_CHANGED_CODES: Final = ("ResourceInUseException", "ConcurrentModificationException")
"""The application has changed since it was looked at."""


@dataclass(frozen=True, kw_only=True)
class ScalableApplication:
    """An application, and its parallelism."""

    detail: ApplicationDetail
    parallelism: ParallelismSettings


class ParallelismControl:
    """The parallelism of an application, as its operator.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2`` with the operator's credentials.
    name
        The application's name.
    clock
        The time.
    """

    def __init__(self, client: FlinkClient, name: str, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.application = ApplicationControl(client, name, clock=clock)
        self.tags = ApplicationTags(client, clock=clock)

    def describe(self) -> ScalableApplication:
        """Return the application; raise ApplicationMissingError where there is none."""
        answer = call_with_retry(
            lambda: self._client.describe_application(ApplicationName=self.application.name),
            action=f"describe application {self.application.name}",
            clock=self._clock,
        )
        found = answer["ApplicationDetail"]
        return ScalableApplication(
            detail=ApplicationDetail.parse(found), parallelism=ParallelismSettings.described(found)
        )

    def describe_before(self, moment: datetime) -> ParallelismSettings | None:
        """Return the configured parallelism of the newest version that was there before a moment, None without one."""
        versions = ApplicationVersions(self._client, self.application.name, clock=self._clock)
        for version_id in versions.statuses():
            found = versions.describe(version_id)
            created_at = found.get("ApplicationVersionCreateTimestamp", found.get("LastUpdateTimestamp"))
            if created_at is not None and created_at < moment:
                return ParallelismSettings.described(found)
        return None

    def change(self, found: ScalableApplication, parallelism: int) -> bool:
        """Ask for another parallelism; False where the application has changed since it was described."""
        detail = found.detail
        guard: dict[str, Any] = (
            {"ConditionalToken": detail.conditional_token}
            if detail.conditional_token
            else {"CurrentApplicationVersionId": detail.version_id}
        )
        try:
            call_with_retry(
                lambda: self._client.update_application(
                    ApplicationName=detail.name,
                    ApplicationConfigurationUpdate=found.parallelism.update_to(parallelism),
                    **guard,
                ),
                action=f"change the parallelism of {detail.name} from {found.parallelism.parallelism} to {parallelism}",
                clock=self._clock,
                keys=detail.encryption.keys,
                reraise_codes=_CHANGED_CODES,
            )
        except ClientError:
            return False
        return True
