"""A call of S3's API that has come whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from cdk_penstock.local.service.s3.kept_headers import kept_headers
from cdk_penstock.local.service.s3.payload import write_content

if TYPE_CHECKING:
    from cdk_penstock.local.service.identity import Authenticated
    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.local.service.s3.s3_call import S3Call


@dataclass(frozen=True, kw_only=True)
class S3Request:
    """A call, with the head and the body of its request, and its caller."""

    call: S3Call
    head: RequestHead
    caller: Authenticated
    body: IO[bytes]

    @property
    def kept_headers(self) -> dict[str, str]:
        """The headers that the object of an upload keeps; raises ObjectStoreError for what S3 does not keep."""
        return kept_headers(self.head.headers)

    def write_content(self, target: IO[bytes]) -> None:
        """Write the content of the body, and verify it; raise ObjectStoreError if it is another."""
        write_content(self.head, self.caller, self.body, target)
