"""The code of an application: where a request says that it is, and the copy of it that a version keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cdk_penstock.model.lifecycle.version_settings import Document


_BUCKET_ARN: Final = re.compile(r"arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])")


def check_bucket_arn(arn: str) -> None:
    """Raise RefusedCallError unless it is the ARN of a bucket."""
    if _BUCKET_ARN.fullmatch(arn) is None:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"Invalid bucket ARN: {arn!r}, expected arn:aws:s3:::BUCKET"
        )


@dataclass(frozen=True, kw_only=True)
class CodeLocation:
    """An object in S3, or the code itself in ``content``."""

    bucket_arn: str = ""
    key: str = ""
    object_version: str = ""
    content: bytes | None = None

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        check_bucket_arn(self.bucket_arn)
        return self.bucket_arn.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class CodeCopy:
    """The copy that MSF makes when an application is created or updated: path, size, and MD5 as hexadecimal text."""

    path: str
    size_bytes: int
    md5: str


def code_unavailable(location: CodeLocation) -> RefusedCallError:
    """Return MSF's refusal of code that is not there, or that the role may not read."""
    message = (
        "Please check the role provided or validity of S3 location you provided. We are unable to get the specified"
        f" fileKey: {location.key} in the specified bucket: {location.bucket_arn.rpartition(':')[2]}"
    )
    return RefusedCallError(RefusalCode.INVALID_ARGUMENT, message)


def location_of_code(
    given: Mapping[str, Any], present: Document | None = None, *, suffix: str = ""
) -> CodeLocation | None:
    """Return where the code is that a request names; None if it names none.

    Parameters
    ----------
    given
        ApplicationCodeConfiguration, or its Update.
    present
        The present ApplicationCodeConfigurationDescription, whose bucket and key an update may leave out.
    suffix
        ``Update`` for an update: the members of the API end with it.
    """
    content = given.get(f"CodeContent{suffix}", {})
    if f"TextContent{suffix}" in content:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            "TextContent is for SQL applications; a Flink application needs S3ContentLocation or ZipFileContent",
        )
    zipped = content.get(f"ZipFileContent{suffix}")
    if zipped is not None:
        return CodeLocation(content=zipped)
    location = content.get(f"S3ContentLocation{suffix}")
    if location is None:
        return None
    description = (present or {}).get("CodeContentDescription", {}).get("S3ApplicationCodeLocationDescription", {})
    known = {name: location.get(f"{name}{suffix}", description.get(name, "")) for name in ("BucketARN", "FileKey")}
    return CodeLocation(
        bucket_arn=known["BucketARN"],
        key=known["FileKey"],
        object_version=location.get(f"ObjectVersion{suffix}", ""),
    )


def described_code(content_type: str, location: CodeLocation | None, copy: CodeCopy | None) -> Document:
    """Return ApplicationCodeConfigurationDescription."""
    described: Document = {"CodeContentType": content_type}
    if location is None or copy is None:
        return described
    content: Document = {"CodeMD5": copy.md5, "CodeSize": copy.size_bytes}
    if location.content is None:
        at = {"BucketARN": location.bucket_arn, "FileKey": location.key}
        version = {"ObjectVersion": location.object_version} if location.object_version else {}
        content["S3ApplicationCodeLocationDescription"] = at | version
    return described | {"CodeContentDescription": content}
