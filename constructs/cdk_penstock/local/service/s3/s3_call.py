"""A call of S3's API: its bucket, its key, and its parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, Self

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.request_head import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.request_head import RequestHead


COPY_SOURCE: Final = "x-amz-copy-source"
COPY_SOURCE_RANGE: Final = f"{COPY_SOURCE}-range"
COPY_SOURCE_MATCH: Final = f"{COPY_SOURCE}-if-match"
_VIRTUAL_HOST: Final = ".localhost"
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_LARGEST: Final = (1 << 31) - 1
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
_PARAMETERS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "service": (frozenset(), frozenset({"continuation-token", "max-buckets", "prefix"})),
    "bucket": (frozenset(), _LISTING),
    "object": (frozenset(), frozenset()),
    "multipart uploads": (frozenset({"uploads"}), frozenset()),
    "multipart upload": (frozenset({"uploadId"}), frozenset({"max-parts", "part-number-marker"})),
    "part": (frozenset({"uploadId", "partNumber"}), frozenset()),
}
"""The parameters that each kind of thing must have, and those that it may have; the last that fits is meant."""
NONE_MATCH: Final = "if-none-match"
_CONDITIONS: Final = frozenset({"if-match", NONE_MATCH, "if-modified-since", "if-unmodified-since"})
_HEADERS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", "object"): frozenset({"if-match"}),
    ("HEAD", "object"): frozenset({"if-match"}),
    ("PUT", "object"): frozenset({COPY_SOURCE, COPY_SOURCE_MATCH, NONE_MATCH}),
    ("PUT", "part"): frozenset({COPY_SOURCE, COPY_SOURCE_MATCH, COPY_SOURCE_RANGE}),
}
"""The conditions and the sources of copies that each kind of call may have in its headers."""


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
        Those of the query, without those of the signature.
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
        parameters = {
            name: value
            for name, value in head.query_parameters
            if name != "x-id" and not name.lower().startswith(_SIGNING)
        }
        call = cls(method=head.method, bucket=bucket, key=key, parameters=parameters)
        required, optional = _PARAMETERS[call.thing]
        for name in parameters:
            if name not in required | optional:
                _refuse(f"the parameter {name!a}")
        for name, _ in head.headers:
            if (name in _CONDITIONS or name.startswith(COPY_SOURCE)) and name not in _HEADERS.get(call.kind, ()):
                _refuse(f"the header {name} with {call.method} of this {call.thing}")
        if head.header(NONE_MATCH) not in {None, "*"}:
            _refuse(f"the header {NONE_MATCH} with another value than *")
        return call

    @property
    def thing(self) -> str:
        """The kind of thing that the call is about."""
        if not self.key:
            return "bucket" if self.bucket else "service"
        named = self.parameters.keys()
        fitting = [thing for thing, (required, _) in _PARAMETERS.items() if required and required <= named]
        return fitting[-1] if fitting else "object"

    @property
    def kind(self) -> tuple[str, str]:
        """The method, and the kind of thing that it is called on."""
        return self.method, self.thing

    def number(self, name: str, *, least: int = 0, most: int = _LARGEST, default: int | None = None) -> int:
        """Return the value of a parameter; raise ObjectStoreError if it is no number in the range."""
        text = self.parameters.get(name, "" if default is None else str(default))
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise ObjectStoreError(
                ObjectErrorCode.INVALID_ARGUMENT, f"expected a number from {least} to {most} in {name}, got {text!a}"
            )
        return int(text)


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
