"""Requests byte by byte, signed with botocore, for what no AWS client would send."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local.service.serving import REGION

if TYPE_CHECKING:
    from cdk_penstock.local.service.credentials import Credential

TARGET = "KinesisAnalytics_20180523."


@dataclass
class Raw:
    """A request that can be changed after it was signed."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def signed(
        self, credential: Credential, service: str = "kinesisanalytics", *, in_query: bool = False, region: str = REGION
    ) -> Self:
        """Return the request with a signature, in its headers or in its query."""
        keys = Credentials(credential.access_key_id, credential.secret_access_key, credential.session_token or None)
        in_header: Any = S3SigV4Auth if service == "s3" else SigV4Auth
        query: Any = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
        request = AWSRequest(method=self.method, url=self.url, headers=self.headers, data=self.body)
        (query if in_query else in_header)(keys, service, region).add_auth(request)
        self.url, self.headers = request.url, dict(request.headers.items())
        return self

    def send(self) -> Answer:
        """Send it, and return the answer."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(self.method, target, self.body, self.headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Answer:
    """An answer: its status, its headers by their names in lowercase, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """The error that it has in JSON, empty if none."""
        return str(json.loads(self.body).get("__type", ""))


def api_request(url: str, operation: str, body: bytes = b"{}") -> Raw:
    """Return a call of the API without a signature."""
    headers = {"X-Amz-Target": TARGET + operation, "Content-Type": "application/x-amz-json-1.1"}
    return Raw("POST", f"{url}/", headers, body)
