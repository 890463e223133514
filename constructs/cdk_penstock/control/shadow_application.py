"""A shadow of an application: created, found and deleted, as the caller.

An application without the tag of a shadow of this very application is never changed. A shadow that was created goes on
to exist, also if its caller is killed; a deletion that was accepted goes on by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.application_look import describe_application
from cdk_penstock.control.errors import ApplicationMissingError, ControlError, explained
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.shadow import SHADOW_TAG

if TYPE_CHECKING:
    from cdk_penstock.control.clients import Clock, FlinkClient
    from cdk_penstock.model.shadow import ShadowSettings

_TAGS_KEPT_SECONDS: Final = 120.0
"""MSF keeps the tags of a deleted application for a minute, and creates none of that name with tags meanwhile."""
_DELETION_SECONDS: Final = 20 * 60.0
_POLL_SECONDS: Final = 10.0


class ShadowApplication:
    """The shadow of one application.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2``, with the caller's credentials.
    name
        The name of the shadow.
    original
        The name of the application.
    clock
        The time.
    """

    def __init__(self, client: FlinkClient, name: str, *, original: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._original = original
        self._clock = clock

    def find(self) -> dict[str, Any] | None:
        """Return the ApplicationDetail of the shadow; None if there is none.

        Raises ControlError for an application of that name that is no shadow of this application.
        """
        try:
            described = describe_application(self._client, self._name, clock=self._clock)
        except ApplicationMissingError:
            return None
        answer = call_with_retry(
            lambda: self._client.list_tags_for_resource(ResourceARN=described["ApplicationARN"]),
            action=f"list the tags of application {self._name}",
            clock=self._clock,
            propagation_seconds=0,
        )
        tags = {each["Key"]: each.get("Value", "") for each in answer.get("Tags", ())}
        if tags.get(SHADOW_TAG) != self._original:
            raise ControlError(
                f"application {self._name} is no shadow of {self._original}: it has not the tag {SHADOW_TAG}="
                f"{self._original}; take another name with --name; nothing was changed"
            )
        return described

    def create(self, settings: ShadowSettings) -> None:
        """Create the shadow."""
        request = settings.to_request()
        action = f"create application {self._name} (iam:PassRole on {request['ServiceExecutionRole']} is needed, too)"
        end = self._clock.now() + timedelta(seconds=_TAGS_KEPT_SECONDS)
        while True:
            try:
                call_with_retry(
                    lambda: self._client.create_application(**request),
                    action=action,
                    clock=self._clock,
                    propagation_seconds=0,
                    reraise_codes=("ConcurrentModificationException",),
                )
            except ClientError as error:
                if self._clock.now() >= end:
                    raise explained(error, action=action) from error
                self._clock.sleep(_POLL_SECONDS)
            else:
                return

    def delete(self) -> None:
        """Delete the shadow and its snapshots, and wait until it is gone; one that does not exist is fine."""
        if self.find() is None:
            return
        control = ApplicationControl(self._client, self._name, clock=self._clock)
        control.wait_until_steady()
        described = describe_application(self._client, self._name, clock=self._clock)
        call_with_retry(
            lambda: self._client.delete_application(
                ApplicationName=self._name, CreateTimestamp=described["CreateTimestamp"]
            ),
            action=f"delete application {self._name}",
            clock=self._clock,
        )
        end = self._clock.now() + timedelta(seconds=_DELETION_SECONDS)
        while self._exists(control):
            if self._clock.now() >= end:
                raise ControlError(
                    f"application {self._name} is still DELETING after {_DELETION_SECONDS:.0f} s: MSF goes on by itself"
                )
            self._clock.sleep(_POLL_SECONDS)

    @staticmethod
    def _exists(control: ApplicationControl) -> bool:
        try:
            control.describe()
        except ApplicationMissingError:
            return False
        return True
