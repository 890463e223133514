"""The tags of an application, in which automation keeps what a later call has to know.

A tag stays with the application, and is deleted with it. CloudFormation changes only the tags of its template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from cdk_penstock.control.clients import Clock, FlinkClient


class ApplicationTags:
    """The tags of applications, as their operator."""

    def __init__(self, client: FlinkClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def read(self, arn: str, key: str) -> str:
        """Return the value of a tag, empty where there is none."""
        answer = call_with_retry(
            lambda: self._client.list_tags_for_resource(ResourceARN=arn),
            action=f"list the tags of {arn}",
            clock=self._clock,
        )
        return next((each.get("Value", "") for each in answer.get("Tags", ()) if each["Key"] == key), "")

    def write(self, arn: str, key: str, value: str) -> None:
        """Set a tag."""
        call_with_retry(
            lambda: self._client.tag_resource(ResourceARN=arn, Tags=[{"Key": key, "Value": value}]),
            action=f"set the tag {key} of {arn}",
            clock=self._clock,
        )

    def remove(self, arn: str, key: str) -> None:
        """Remove a tag, which may be gone already."""
        call_with_retry(
            lambda: self._client.untag_resource(ResourceARN=arn, TagKeys=[key]),
            action=f"remove the tag {key} of {arn}",
            clock=self._clock,
        )
