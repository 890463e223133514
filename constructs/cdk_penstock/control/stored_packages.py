"""The packages below a prefix of a bucket, every version of every object.

End states. Listing changes nothing. A deleted version is gone for good; deleting one that is gone is fine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.package_pruning import StoredPackage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.control.clients import Clock, Response


class S3Client(Protocol):
    """The client ``s3``."""

    def list_object_versions(self, **request: Any) -> Response:
        """Return a page of Versions."""

    def delete_object(self, **request: Any) -> Response:
        """Return the version that was deleted."""


class StoredPackages:
    """The objects of a bucket below a prefix."""

    def __init__(self, client: S3Client, *, bucket_name: str, prefix: str, clock: Clock) -> None:
        self._client = client
        self._bucket_name = bucket_name
        self._prefix = prefix
        self._clock = clock

    def list(self) -> Iterator[StoredPackage]:
        """Yield every version of every object, but no delete markers."""
        given: dict[str, Any] = {"Bucket": self._bucket_name, "Prefix": self._prefix}
        while True:
            page = call_with_retry(
                lambda request=given: self._client.list_object_versions(**request),  # type: ignore[misc]
                action=f"list s3://{self._bucket_name}/{self._prefix} (s3:ListBucketVersions)",
                clock=self._clock,
            )
            for each in page.get("Versions", ()):
                yield StoredPackage(key=each["Key"], version_id=each["VersionId"], modified_at=each["LastModified"])
            if not page.get("IsTruncated"):
                return
            given = given | {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def delete(self, package: StoredPackage) -> None:
        """Delete one version of an object."""
        call_with_retry(
            lambda: self._client.delete_object(Bucket=self._bucket_name, Key=package.key, VersionId=package.version_id),
            action=f"delete s3://{self._bucket_name}/{package.key} (s3:DeleteObjectVersion)",
            clock=self._clock,
        )
