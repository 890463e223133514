"""Buckets of S3, with what a caller may do in them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from tests.control.fake_aws import refuse
from tests.control.fake_versioned_bucket import FakeVersionedBucket

if TYPE_CHECKING:
    from tests.control.fake_aws import World


class FakeS3(FakeVersionedBucket):
    """Objects by bucket and key; the versions of one bucket are apart."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.buckets: dict[str, dict[str, bytes]] = {"code": {}}
        self.versioned = False
        self.hidden = False
        """True if the caller may write only."""

    def head_object(self, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803
        if self.hidden:
            refuse("403", "Forbidden")
        if Key not in self.buckets.get(Bucket, {}):
            refuse("404", "Not Found")
        return {"ContentLength": len(self.buckets[Bucket][Key]), **self._version(VersionId)}

    def get_object(self, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803
        if self.hidden:
            refuse("AccessDenied", "Access Denied")
        if Bucket not in self.buckets:
            refuse("NoSuchBucket", "The specified bucket does not exist")
        if Key not in self.buckets[Bucket]:
            refuse("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.buckets[Bucket][Key]), **self._version(VersionId)}

    def put_object(self, Bucket: str, Key: str, Body: Any, IfNoneMatch: str) -> dict[str, Any]:  # noqa: N803
        assert IfNoneMatch == "*"
        if Bucket not in self.buckets:
            refuse("NoSuchBucket", "The specified bucket does not exist")
        if Key in self.buckets[Bucket]:
            refuse("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        self.buckets[Bucket][Key] = Body.read()
        return self._version()

    def _version(self, version_id: str = "") -> dict[str, str]:
        return {"VersionId": version_id or "v1"} if self.versioned else {}
