"""Code of applications in S3, as the caller. An object is added under a new key, and never replaced.

MSF copies the code when an application is updated. An upload that ended early has left no object, so it is done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ControlError, MissingPermissionError, code_of
from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.control.clients import Clock, Response, S3Client

_DENIED: Final = frozenset({"403", "AccessDenied", "Forbidden"})
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_BUCKET: Final = "NoSuchBucket"
_EXISTS: Final = frozenset({"412", "ConditionalRequestConflict", "PreconditionFailed"})
_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class CodeObject:
    """An object of S3 that holds code.

    Parameters
    ----------
    bucket, key
        Its place.
    version_id
        Its version, empty if the bucket has none.
    size_bytes
        Its size, None if it is not known.
    """

    bucket: str
    key: str
    version_id: str = ""
    size_bytes: int | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class CodeBucket:
    """Objects with code.

    Parameters
    ----------
    client
        ``s3``, with the caller's credentials.
    clock
        The time.
    """

    def __init__(self, client: S3Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def find(self, place: CodeObject) -> CodeObject | None:
        """Return an object as it is; None if there is none.

        Raises MissingPermissionError if the caller may not see it. Without s3:ListBucket, S3 answers so for an object
        that is not there, too.
        """
        version = {"VersionId": place.version_id} if place.version_id else {}
        try:
            answer = self._call(
                lambda: self._client.head_object(Bucket=place.bucket, Key=place.key, **version), f"look at {place}"
            )
        except ClientError as error:
            if code_of(error) in _DENIED:
                raise MissingPermissionError(
                    f"the caller may not look at {place}, or it is not there: s3:GetObject and s3:ListBucket are needed"
                ) from error
            return None
        return CodeObject(
            bucket=place.bucket,
            key=place.key,
            version_id=place.version_id or answer.get("VersionId", ""),
            size_bytes=answer["ContentLength"],
        )

    def upload(self, path: Path, place: CodeObject) -> CodeObject:
        """Write a file under a new key, and return the object; one that is there already is left as it is."""
        with path.open("rb") as body:

            def put() -> Response:
                body.seek(0)
                return self._client.put_object(Bucket=place.bucket, Key=place.key, Body=body, IfNoneMatch="*")

            try:
                answer = self._call(put, f"upload {path} to {place}")
            except ClientError as error:
                if code_of(error) in _EXISTS:
                    return self.find(place) or place
                raise _explained(error, place) from error
        return CodeObject(
            bucket=place.bucket,
            key=place.key,
            version_id=answer.get("VersionId", ""),
            size_bytes=path.stat().st_size,
        )

    def download(self, place: CodeObject, path: Path) -> None:
        """Write an object to a file; raise ControlError if it is not there, or the caller may not read it."""
        version = {"VersionId": place.version_id} if place.version_id else {}
        try:
            answer = self._call(
                lambda: self._client.get_object(Bucket=place.bucket, Key=place.key, **version), f"read {place}"
            )
        except ClientError as error:
            if code_of(error) in _DENIED:
                raise MissingPermissionError(
                    f"the caller may not read {place}: s3:GetObject is needed, and kms:Decrypt if a key encrypts it"
                ) from error
            raise ControlError(f"{place} is not there ({code_of(error)}): check bucket, key and version") from error
        with path.open("wb") as file:
            for chunk in iter(lambda: answer["Body"].read(_CHUNK_BYTES), b""):
                file.write(chunk)

    def _call(self, call: Callable[[], Response], action: str) -> Response:
        return call_with_retry(
            call,
            action=action,
            clock=self._clock,
            reraise_codes=_DENIED | _MISSING | _EXISTS | {_NO_BUCKET},
            propagation_seconds=0,
        )


def _explained(error: ClientError, place: CodeObject) -> ControlError:
    if code_of(error) in _DENIED:
        return MissingPermissionError(
            f"the caller may not write {place}: s3:PutObject is needed, and kms:GenerateDataKey if a key encrypts the"
            " bucket; nothing was changed"
        )
    return ControlError(f"there is no bucket {place.bucket}: name another one with --bucket; nothing was changed")
