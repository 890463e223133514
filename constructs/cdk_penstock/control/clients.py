"""The AWS clients that the automation is given: only the calls that it makes, so that a test can stand in for them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

Response = dict[str, Any]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The present time, and how to let some of it pass."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep


class FlinkClient(Protocol):
    """The client ``kinesisanalyticsv2``, with the operator's credentials."""

    def describe_application(self, **request: Any) -> Response:
        """Return ApplicationDetail."""

    def update_application(self, **request: Any) -> Response:
        """Return ApplicationDetail and OperationId."""

    def start_application(self, **request: Any) -> Response:
        """Return OperationId."""

    def stop_application(self, **request: Any) -> Response:
        """Return OperationId."""

    def create_application_snapshot(self, **request: Any) -> Response:
        """Return nothing."""

    def describe_application_snapshot(self, **request: Any) -> Response:
        """Return SnapshotDetails."""

    def delete_application_snapshot(self, **request: Any) -> Response:
        """Return nothing."""

    def list_application_snapshots(self, **request: Any) -> Response:
        """Return a page of SnapshotSummaries."""

    def create_snapshot(self, **request: Any) -> Response:
        """Return the status of an enhanced snapshot."""

    def describe_snapshot(self, **request: Any) -> Response:
        """Return SnapshotInfoDetails."""

    def list_snapshots(self, **request: Any) -> Response:
        """Return a page of SnapshotInfoList."""

    def delete_snapshot(self, **request: Any) -> Response:
        """Return the status of an enhanced snapshot."""

    def list_application_operations(self, **request: Any) -> Response:
        """Return a page of ApplicationOperationInfoList."""

    def describe_application_operation(self, **request: Any) -> Response:
        """Return ApplicationOperationInfoDetails."""

    def describe_application_version(self, **request: Any) -> Response:
        """Return ApplicationVersionDetail."""

    def list_application_versions(self, **request: Any) -> Response:
        """Return a page of ApplicationVersionSummaries."""

    def list_tags_for_resource(self, **request: Any) -> Response:
        """Return Tags."""

    def tag_resource(self, **request: Any) -> Response:
        """Return nothing."""

    def untag_resource(self, **request: Any) -> Response:
        """Return nothing."""

    def create_application(self, **request: Any) -> Response:
        """Return ApplicationDetail."""

    def delete_application(self, **request: Any) -> Response:
        """Return nothing."""

    def rollback_application(self, **request: Any) -> Response:
        """Return ApplicationDetail and OperationId."""

    def create_application_presigned_url(self, **request: Any) -> Response:
        """Return AuthorizedUrl."""


class LogsClient(Protocol):
    """The client ``logs``, with the credentials of whoever may read the application's log."""

    def filter_log_events(self, **request: Any) -> Response:
        """Return a page of events."""

    def get_log_events(self, **request: Any) -> Response:
        """Return a page of events of one stream."""


class S3Client(Protocol):
    """The client ``s3``, with the credentials of whoever may write the application's code."""

    def head_object(self, **request: Any) -> Response:
        """Return size and version of an object."""

    def get_object(self, **request: Any) -> Response:
        """Return an object and its Body."""

    def put_object(self, **request: Any) -> Response:
        """Return the version of the object."""


class KmsClient(Protocol):
    """The client ``kms``, with the key administrator's credentials."""

    def describe_key(self, **request: Any) -> Response:
        """Return KeyMetadata."""

    def get_key_policy(self, **request: Any) -> Response:
        """Return the Policy, as text."""

    def get_key_rotation_status(self, **request: Any) -> Response:
        """Return whether the key rotates automatically, and what is in progress."""

    def list_key_rotations(self, **request: Any) -> Response:
        """Return a page of Rotations."""

    def rotate_key_on_demand(self, **request: Any) -> Response:
        """Return KeyId."""


class IamClient(Protocol):
    """The client ``iam``, with the credentials of whoever manages the operator role."""

    def list_role_policies(self, **request: Any) -> Response:
        """Return a page of PolicyNames."""

    def get_role_policy(self, **request: Any) -> Response:
        """Return the policy, its document decoded by boto3."""

    def list_attached_role_policies(self, **request: Any) -> Response:
        """Return a page of AttachedPolicies."""

    def get_policy(self, **request: Any) -> Response:
        """Return Policy, with the id of its version in use."""

    def get_policy_version(self, **request: Any) -> Response:
        """Return PolicyVersion, its document decoded by boto3."""

    def put_role_policy(self, **request: Any) -> Response:
        """Return nothing."""

    def delete_role_policy(self, **request: Any) -> Response:
        """Return nothing."""


class StsClient(Protocol):
    """The client ``sts``."""

    def assume_role(self, **request: Any) -> Response:
        """Return Credentials."""


class Ec2Client(Protocol):
    """The client ``ec2``."""

    def describe_network_interfaces(self, **request: Any) -> Response:
        """Return a page of NetworkInterfaces."""
