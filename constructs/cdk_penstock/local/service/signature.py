"""The Signature Version 4 of a request: read from its header or its query, and recomputed with botocore's signer.

Source: IAM, "AWS Signature Version 4 for API requests".
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SigningCredentials

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.request_head import RequestHead


_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SCOPE_PARTS: Final = 5
_TIME: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d{1,2}", re.ASCII)
_EXPIRES: Final = re.compile(r"\d{1,6}", re.ASCII)
_LONGEST_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature, and all that it says of itself.

    Parameters
    ----------
    access_key_id, session_token
        The key that it claims to be made with, and the token of its session, empty if it has none.
    region, service
        The scope of the signature.
    time_text
        The time of the signature, as it is signed.
    expires_seconds
        How long a presigned URL is valid; None if the signature is in the header.
    signed_headers
        Names of the headers that it covers.
    value
        The signature itself.
    """

    access_key_id: str
    session_token: str
    region: str
    service: str
    time_text: str
    expires_seconds: int | None
    signed_headers: tuple[str, ...]
    value: str

    @classmethod
    def of(cls, head: RequestHead) -> Self | None:
        """Return the signature of a request, None if it has none.

        Raises
        ------
        RefusedCallError
            The signature is not complete, or not well-formed.
        """
        header = head.header("authorization")
        if header is None:
            return cls._presigned(head) if head.parameter("X-Amz-Algorithm") is not None else None
        algorithm, _, rest = header.partition(" ")
        fields = dict(_pair(each) for each in rest.split(","))
        token, time = head.header("x-amz-security-token") or "", head.header("x-amz-date") or ""
        return cls._parsed(algorithm, fields, token=token, time=time, expires_seconds=None)

    @classmethod
    def _presigned(cls, head: RequestHead) -> Self:
        prefix = "X-Amz-"
        fields = {n.removeprefix(prefix): value for n, value in head.query_parameters if n.startswith(prefix)}
        expires = fields.get("Expires", "")
        if not _EXPIRES.fullmatch(expires) or not 1 <= int(expires) <= _LONGEST_SECONDS:
            _refuse(f"X-Amz-Expires must be 1 to {_LONGEST_SECONDS} seconds, got {expires!r}")
        token, time = fields.get("Security-Token", ""), fields.get("Date", "")
        return cls._parsed(fields["Algorithm"], fields, token=token, time=time, expires_seconds=int(expires))

    @classmethod
    def _parsed(
        cls, algorithm: str, fields: Mapping[str, str], *, token: str, time: str, expires_seconds: int | None
    ) -> Self:
        if algorithm != _ALGORITHM:
            _refuse(f"the algorithm must be {_ALGORITHM}, got {algorithm!r}")
        for name in ("Credential", "SignedHeaders", "Signature"):
            if not fields.get(name):
                _refuse(f"the signature has no '{name}'")
        scope = fields["Credential"].rsplit("/", _SCOPE_PARTS - 1)
        if len(scope) != _SCOPE_PARTS or scope[-1] != "aws4_request" or not _REGION.fullmatch(scope[2]):
            _refuse(f"Credential must be ID/DATE/REGION/SERVICE/aws4_request, got {fields['Credential']!r}")
        access_key_id, date, region, service, _ = scope
        if not _TIME.fullmatch(time) or not time.startswith(date):
            _refuse(f"X-Amz-Date must be a time such as {date}T120000Z, on the date of the Credential, got {time!r}")
        signed = tuple(fields["SignedHeaders"].split(";"))
        if "host" not in signed:
            _refuse("'host' must be a signed header")
        return cls(
            access_key_id=access_key_id,
            session_token=token,
            region=region,
            service=service,
            time_text=time,
            expires_seconds=expires_seconds,
            signed_headers=signed,
            value=fields["Signature"],
        )

    @property
    def time(self) -> datetime:
        """The time of the signature.

        Raises
        ------
        RefusedCallError
            There is no such time.
        """
        try:
            return datetime.strptime(self.time_text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            _refuse(f"X-Amz-Date must be a time, got {self.time_text!r}")

    def is_made_with(self, secret: str, head: RequestHead, payload_hash: str) -> bool:
        """Return True if it is the signature of this request with this secret."""
        signer = self.signer(secret)
        headers = HTTPMessage()
        for name, value in head.headers:
            if name in self.signed_headers:
                headers.add_header(name, value)
        canonical = "\n".join(
            (
                head.method,
                signer._normalize_url_path(head.path),  # noqa: SLF001 - it differs for S3
                self._canonical_query(head),
                signer.canonical_headers(headers) + "\n",
                ";".join(self.signed_headers),
                payload_hash,
            )
        )
        request = self.signing_context()
        expected = signer.signature(signer.string_to_sign(request, canonical), request)
        return hmac.compare_digest(expected.encode(), self.value.encode("utf-8", "surrogateescape"))

    def signing_context(self) -> AWSRequest:
        """Return a request of which botocore's signer takes the time of the signature, and nothing else."""
        request = AWSRequest()
        request.context["timestamp"] = self.time_text
        return request

    def signer(self, secret: str) -> SigV4Auth:
        """Return botocore's signer for this scope."""
        kind: Any = S3SigV4Auth if self.service == "s3" else SigV4Auth
        return kind(SigningCredentials(self.access_key_id, secret), self.service, self.region)

    def _canonical_query(self, head: RequestHead) -> str:
        unsigned = {"X-Amz-Signature"} if self.expires_seconds is not None else set()
        pairs = [pair for pair in head.query_parameters if pair[0] not in unsigned]
        return "&".join(f"{name}={value}" for name, value in sorted((_encoded(n), _encoded(v)) for n, v in pairs))


def scope_service(head: RequestHead) -> str | None:
    """Return the service that a request says it is signed for, None if it is not signed; nothing is verified."""
    credential = head.parameter("X-Amz-Credential") or ""
    if authorization := head.header("authorization"):
        credential = dict(_pair(each) for each in authorization.partition(" ")[2].split(",")).get("Credential", "")
    parts = credential.rsplit("/", _SCOPE_PARTS - 1)
    return parts[3] if len(parts) == _SCOPE_PARTS else None


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name, value


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe="-_.~")


def _refuse(problem: str) -> NoReturn:
    raise RefusedCallError(RefusalCode.INVALID_SIGNATURE, problem)
