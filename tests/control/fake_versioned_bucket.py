"""A bucket with versions, as far as packages of code are listed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

PAGE = 2


class FakeVersionedBucket:
    """One bucket: the times at which versions of objects were stored, by key and version."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], datetime] = {}

    def list_object_versions(
        self,
        Bucket: str,  # noqa: N803
        Prefix: str,  # noqa: N803
        KeyMarker: str = "",  # noqa: N803
        VersionIdMarker: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        assert Bucket == "code"
        found = sorted(each for each in self.stored if each[0].startswith(Prefix))
        rest = [each for each in found if each > (KeyMarker, VersionIdMarker)]
        page = [
            {"Key": key, "VersionId": version, "LastModified": self.stored[key, version], "IsLatest": False}
            for key, version in rest[:PAGE]
        ]
        answer: dict[str, Any] = {"Versions": page, "IsTruncated": len(rest) > PAGE}
        if len(rest) > PAGE:
            answer |= {"NextKeyMarker": page[-1]["Key"], "NextVersionIdMarker": page[-1]["VersionId"]}
        return answer

    def delete_object(self, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "code"
        self.stored.pop((Key, VersionId), None)
        return {"VersionId": VersionId}
