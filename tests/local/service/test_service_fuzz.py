"""Malformed requests: never a failure of the endpoint, and never a call of an operation."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.local.service.s3.multipart_uploads import MultipartUploads
from cdk_penstock.local.service.shapes import ServiceShapes
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from tests.local.service.model_values import ANYTHING, MODEL, nearly_valid
from tests.local.service.raw_http import Answer, Raw, api_request

if TYPE_CHECKING:
    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

SHAPES = ServiceShapes("kinesisanalyticsv2")
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
OPERATIONS = st.sampled_from(sorted(MODEL.operation_names))


def check(endpoint: Endpoint, answer: Answer, *, valid: bool) -> None:
    """Check that the operation was reached if the request is valid, and else an error of the client was answered."""
    assert len(endpoint.operations.calls) == int(valid), answer.body
    endpoint.operations.calls.clear()
    if not valid:
        content = json.loads(answer.body)
        assert answer.status == 400, answer.body
        assert content["__type"] in {"InvalidArgumentException", "SerializationException"}
        assert content["message"]
    assert answer.headers["x-amzn-requestid"]


def send(endpoint: Endpoint, served: Served, operation: str, body: bytes, *, valid: bool) -> None:
    # An answer that needs no members, so that a valid request gives no failure either.
    endpoint.operations.answer = lambda name, _parameters: ANSWERS[name]
    check(endpoint, api_request(served.url, operation, body).signed(served.credential).send(), valid=valid)


def _least(shape: Any) -> Any:
    """Return the smallest answer that a shape allows."""
    if shape.type_name == "structure":
        return {name: _least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "text"
    return {"long": 1, "list": [], "timestamp": datetime(2026, 5, 1, tzinfo=UTC), "boolean": True}[shape.type_name]


ANSWERS = {name: _least(MODEL.operation_model(name).output_shape) for name in MODEL.operation_names}


def is_finite(body: bytes) -> bool:
    """Return False for what Python alone takes for JSON."""
    return b"NaN" not in body and b"Infinity" not in body


def is_valid(operation: str, document: Any) -> bool:
    try:
        SHAPES.read(operation, document)
    except RefusedCallError:
        return False
    return True


@SHARED
@given(data=st.data())
def test_requests_that_are_nearly_valid(endpoint: Endpoint, served: Served, data: st.DataObject) -> None:
    operation = data.draw(OPERATIONS)
    document = data.draw(nearly_valid(MODEL.operation_model(operation).input_shape))
    body = json.dumps(document).encode()
    send(endpoint, served, operation, body, valid=is_finite(body) and is_valid(operation, document))


@SHARED
@given(operation=OPERATIONS, document=ANYTHING)
@example(operation="CreateApplication", document={"ApplicationName": [[[[[[[]]]]]]]})
@example(operation="CreateApplication", document={"\ud800": "\ud800"})
@example(operation="CreateApplication", document={"ApplicationName": "\ud800"})
@example(operation="UpdateApplication", document={"CurrentApplicationVersionId": 10**400})
@example(operation="UpdateApplication", document={"CurrentApplicationVersionId": 1e400})
def test_any_json(endpoint: Endpoint, served: Served, operation: str, document: Any) -> None:
    # None of the operations with required members takes an object without them; the others may take {}.
    body = json.dumps(document).encode()
    valid = isinstance(document, dict) and is_finite(body) and is_valid(operation, document)
    send(endpoint, served, operation, body, valid=valid)


@SHARED
@given(operation=OPERATIONS, body=st.binary(max_size=200))
@example(operation="CreateApplication", body=b'{"ApplicationName":' + b"[" * 100_000)
@example(operation="CreateApplication", body=b'{"ApplicationName":' * 5_000 + b"1" + b"}" * 5_000)
@example(operation="CreateApplication", body=b'{"a":' * 900 + b"1" + b"}" * 900)
@example(operation="CreateApplication", body=b'{"ApplicationName": ' + b"[" * 900 + b"]" * 900 + b"}")
@example(operation="CreateApplication", body=b'{"Limit": ' + b"1" * 5_000 + b"}")
@example(operation="CreateApplication", body=b'{"Limit": 1e99999}')
@example(operation="CreateApplication", body="\ufeff{}".encode())
@example(operation="CreateApplication", body=b'{"ApplicationName": "\xed\xa0\x80"}')
def test_any_bytes(endpoint: Endpoint, served: Served, operation: str, body: bytes) -> None:
    send(endpoint, served, operation, body, valid=False)


HEADERS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)
AUTHORIZATIONS = HEADERS | st.lists(
    st.sampled_from(
        [
            "AWS4-HMAC-SHA256 ",
            "Credential=",
            "AKIA/20260501/eu-west-1/kinesisanalytics/aws4_request",
            "/",
            "SignedHeaders=",
            "host;x-amz-date",
            "Signature=",
            "0" * 64,
            "é",
            ", ",
            "=",
        ]
    ),
    max_size=12,
).map("".join)


@SHARED
@given(
    service=st.sampled_from(["kinesisanalytics", "sts", "s3"]),
    authorization=AUTHORIZATIONS,
    date=HEADERS | st.sampled_from(["20260501T120000Z", "00010101T000000Z", "99991231T235959Z", "20269901T120000Z"]),
    token=HEADERS,
)
@example(
    service="s3",
    authorization="AWS4-HMAC-SHA256 Credential=A/00010101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=é",
    date="00010101T000000Z",
    token="",
)
@example(
    service="kinesisanalytics",
    authorization="AWS4-HMAC-SHA256 Credential=A/99991231/eu-west-1/kinesisanalytics/aws4_request, "
    "SignedHeaders=host, Signature=é",
    date="99991231T235959Z",
    token="",
)
def test_any_signature(
    endpoint: Endpoint, served: Served, *, service: str, authorization: str, date: str, token: str
) -> None:
    request = api_request(served.url, "ListApplications")
    if service != "kinesisanalytics":
        request = Raw("GET", f"{served.url}/bucket/key", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    request.headers |= {
        "Authorization": authorization.strip(),
        "X-Amz-Date": date.strip(),
        "X-Amz-Security-Token": token.strip(),
    }
    assert request.send().status in {400, 403}
    assert not endpoint.operations.calls


QUERIES = st.lists(
    st.sampled_from(["uploads", "uploadId=ID", "uploadId=", "partNumber=1", "partNumber=", "max-parts=1"])
    | st.sampled_from(["part-number-marker=x", "list-type=2", "prefix=", "max-buckets=1", "x-id=x"])
    | st.text(st.sampled_from("ab=&%0F2-+"), max_size=10),
    max_size=4,
).map("&".join)
UPLOAD_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "x-amz-meta-a", "if-match", "x-amz-checksum-crc32"])
    | st.sampled_from(["x-amz-copy-source", "x-amz-copy-source-range", "x-amz-metadata-directive"]),
    HEADERS.map(str.strip) | st.sampled_from(["bucket/k", "bucket/%", "bytes=0-0", "REPLACE", "aws-chunked,gzip"]),
    max_size=2,
)
PART = b"<Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part>"
XML = st.lists(
    st.sampled_from([b"<CompleteMultipartUpload>", b"</CompleteMultipartUpload>", PART % b"", PART % (b"0" * 32)])
    | st.binary(max_size=10)
).map(b"".join)


@SHARED
@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "POST", "PATCH"]),
    path=st.just("bucket/k")
    | st.text(st.sampled_from("ab/.%0F2e-_~:@!$&'()*+,;="), max_size=30).map("bucket/".__add__),
    query=QUERIES,
    headers=UPLOAD_HEADERS,
    body=XML,
)
@example(method="PUT", path="bucket/k", query="partNumber=1&uploadId=ID", headers={}, body=b"part")
@example(method="POST", path="bucket/k", query="uploadId=ID", headers={}, body=PART)
@example(method="GET", path="", query="", headers={}, body=b"")
def test_any_path_of_s3(
    endpoint: Endpoint, served: Served, *, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    with suppress(ObjectStoreError):
        endpoint.objects.create_bucket("bucket")
    uploads = endpoint.objects.multipart_folder
    upload = MultipartUploads(endpoint.objects).create("bucket", "k", {})
    known = {endpoint.root / "bucket", endpoint.root / ".headers", uploads}
    beside = {*endpoint.root.parent.iterdir(), *endpoint.root.iterdir()} | known
    url = f"{served.url}/{path}" + (f"?{query.replace('ID', upload.value)}" if query else "")
    answer = Raw(method, url, {**headers}, body).signed(served.credential, "s3").send()
    assert answer.status in {200, 204, 206, 400, 403, 404, 409, 412, 416, 501}
    assert {*endpoint.root.parent.iterdir(), *endpoint.root.iterdir()} <= beside
    assert not list(endpoint.root.rglob(".penstock-*"))
    assert {path.name for path in uploads.glob("*/*")} <= {"about.json", "00001"}
    shutil.rmtree(uploads)


@SHARED
@given(
    parameters=st.dictionaries(st.sampled_from(["Action", "RoleArn", "DurationSeconds", "x"]) | st.text(), st.text())
)
@example(parameters={"Action": "AssumeRole", "RoleArn": "\udcff", "RoleSessionName": "\udcff"})
@example(parameters={"Action": "AssumeRole", "Tags.member.1.Key": "a"})
def test_any_parameters_of_sts(endpoint: Endpoint, served: Served, parameters: dict[str, str]) -> None:
    body = urlencode(parameters, errors="surrogatepass").encode()
    answer = Raw("POST", f"{served.url}/", {}, body).signed(served.credential, "sts").send()
    assert answer.status in {200, 400}
    assert b"Response xmlns" in answer.body
