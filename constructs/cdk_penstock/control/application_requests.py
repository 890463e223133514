"""The requests that change an application, each refused or accepted as a whole.

A request that MSF refuses because the application has changed since it was looked at returns False: observe it, and
decide again. Any other refusal raises, and has changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.clients import Clock, FlinkClient
    from cdk_penstock.model.lifecycle.planning import Restore

_BUSY_CODES: Final = ("ResourceInUseException", "ConcurrentModificationException")


class ApplicationRequests:
    """The changing requests about one application, as its operator.

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
        self._name = name
        self._clock = clock

    def start(self, detail: ApplicationDetail, restore: Restore, *, keys: Collection[str]) -> bool:
        """Start the application, as it was described, from a state."""
        run = restore.to_run_configuration(enhanced_of=_arn_of_enhanced(detail))
        return self._request(
            lambda: self._client.start_application(ApplicationName=self._name, RunConfiguration=run),
            f"start application {self._name} from {restore}",
            keys=keys,
        )

    def update(
        self,
        detail: ApplicationDetail,
        members: Mapping[str, Any],
        *,
        restore: Restore | None,
        keys: Collection[str],
    ) -> bool:
        """Update the application as it was described, with members of UpdateApplication.

        ``restore`` is for a running one; AllowNonRestoredState falls back to false where an update does not name it.
        """
        guard: dict[str, Any] = {"CurrentApplicationVersionId": detail.version_id}
        if detail.conditional_token:
            guard = {"ConditionalToken": detail.conditional_token}
        run: dict[str, Any] = {}
        if restore is not None:
            run["RunConfigurationUpdate"] = restore.to_run_configuration(enhanced_of=_arn_of_enhanced(detail))
        return self._request(
            lambda: self._client.update_application(ApplicationName=self._name, **guard, **members, **run),
            f"update application {self._name}",
            keys=keys,
        )

    def roll_back(self, version_id: int, *, keys: Collection[str]) -> bool:
        """Roll the application back, which is in this version."""
        return self._request(
            lambda: self._client.rollback_application(
                ApplicationName=self._name, CurrentApplicationVersionId=version_id
            ),
            f"roll application {self._name} back from version {version_id}",
            keys=keys,
        )

    def stop(self, *, force: bool, keys: Collection[str]) -> bool:
        """Stop the application with a snapshot, or with force without one."""
        force_member = {"Force": True} if force else {}
        return self._request(
            lambda: self._client.stop_application(ApplicationName=self._name, **force_member),
            f"stop application {self._name}{' with force' if force else ''}",
            keys=keys,
        )

    def _request(self, call: Callable[[], object], action: str, *, keys: Collection[str]) -> bool:
        try:
            call_with_retry(call, action=action, clock=self._clock, keys=keys, reraise_codes=_BUSY_CODES)
        except ClientError:
            return False
        return True


def _arn_of_enhanced(detail: ApplicationDetail) -> str | None:
    return detail.arn if detail.enhanced_snapshots else None
