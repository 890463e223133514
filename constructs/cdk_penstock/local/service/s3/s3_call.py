"""A call of S3's API: its bucket, its key, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, Self

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.request_head import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.request_head import RequestHead


_VIRTUAL_HOST: Final = ".localhost"
_SIGNING: Final = "x-amz-"
_LISTING: Final = frozenset(
    {
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "list-type",
        "max-keys",
        "prefix",
        "start-after",
    }
)
_UNKNOWN_HEADERS: Final = ("x-amz-copy-source", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


@dataclass(frozen=True, kw_only=True)
class S3Call:
    """A call.

    Parameters
    ----------
    method
        The method of HTTP.
    bucket, key
        What it is about; empty if it names none.
    parameters
        Those that are about listing.
    """

    method: str
    bucket: str
    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, head: RequestHead) -> Self:
        """Return the call that a request makes: of the bucket in its host, or in its path.

        Raises
        ------
        ObjectStoreError
            It asks for something that the object store does not have, and would not do.
        """
        bucket, key = _bucket_and_key(head)
        parameters = {}
        for name, value in head.query_parameters:
            if name in _LISTING and not key:
                parameters[name] = value
            elif name != "x-id" and not name.lower().startswith(_SIGNING):
                _refuse(f"the parameter {name!a}")
        for name in _UNKNOWN_HEADERS:
            if head.header(name) is not None:
                _refuse(f"the header {name}")
        return cls(method=head.method, bucket=bucket, key=key, parameters=parameters)

    @property
    def kind(self) -> tuple[str, str]:
        """The method, and the kind of thing that it is called on."""
        return self.method, "object" if self.key else "bucket" if self.bucket else "service"


def _bucket_and_key(head: RequestHead) -> tuple[str, str]:
    path = unquoted(head.path.removeprefix("/"))
    host = (head.header("host") or "").partition(":")[0].lower()
    if host.endswith(_VIRTUAL_HOST):
        # Some clients put the name of the service between bucket and host.
        return host.removesuffix(_VIRTUAL_HOST).removesuffix(".s3"), path
    bucket, _, key = path.partition("/")
    return bucket, key


def _refuse(thing: str) -> NoReturn:
    raise ObjectStoreError(ObjectErrorCode.NOT_IMPLEMENTED, f"{thing} is not implemented by this local object store")
