"""The calls of S3 that the object store answers."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

from starlette.responses import Response

from cdk_penstock.local.service.endpoint import internal_failure
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.s3.answers import (
    blocks,
    check_match,
    error_answer,
    etag_element,
    listing_answer,
    object_answer,
    object_headers,
    time_element,
    xml_answer,
)
from cdk_penstock.local.service.s3.copies import copied_headers, open_source
from cdk_penstock.local.service.s3.listing import page_of
from cdk_penstock.local.service.s3.multipart_calls import MultipartCalls
from cdk_penstock.local.service.s3.payload import announced_payload
from cdk_penstock.local.service.s3.s3_call import COPY_SOURCE, NONE_MATCH, S3Call
from cdk_penstock.local.service.s3.s3_request import S3Request
from cdk_penstock.local.service.xml_elements import element, text_element
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.identity import Identity
    from cdk_penstock.local.service.object_store import ObjectStore
    from cdk_penstock.local.service.request_head import RequestHead


_IDENTITY_ERRORS: Final = {
    RefusalCode.EXPIRED_TOKEN: ObjectErrorCode.EXPIRED_TOKEN,
    RefusalCode.INVALID_SIGNATURE: ObjectErrorCode.SIGNATURE_MISMATCH,
    RefusalCode.MISSING_AUTHENTICATION: ObjectErrorCode.ACCESS_DENIED,
    RefusalCode.UNRECOGNIZED_CLIENT: ObjectErrorCode.INVALID_ACCESS_KEY,
}


class S3:
    """Answers the calls of S3's API that upload, read, list and delete objects.

    Parameters
    ----------
    store
        The objects.
    identity
        Verifies the signature of each call.
    authorize
        Raises ObjectStoreError for a caller who may not make a call. Default: whoever has a key of the endpoint may do
        everything with its objects.
    """

    most_bytes = 5 << 30

    def __init__(
        self,
        store: ObjectStore,
        identity: Identity,
        *,
        authorize: Callable[[S3Call, ApiCaller, RequestHead], None] = lambda _call, _caller, _head: None,
    ) -> None:
        self._store: Final = store
        self._authorize: Final = authorize
        self._identity: Final = identity
        self._calls: Final[Mapping[tuple[str, str], Callable[[S3Request], Response]]] = {
            ("DELETE", "object"): self._delete,
            ("GET", "bucket"): self._list,
            ("GET", "object"): self._get,
            ("GET", "service"): self._list_buckets,
            ("HEAD", "bucket"): self._head_bucket,
            ("HEAD", "object"): self._head,
            ("PUT", "bucket"): self._create_bucket,
            ("PUT", "object"): self._put,
            **MultipartCalls(store).calls,
        }

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:  # noqa: ARG002
        """Return what answers a call whose signature is right: it covers what the head says of the body.

        Raises
        ------
        ObjectStoreError
            The signature is wrong, or there is none, or the call is not implemented.
        """
        try:
            caller = self._identity.authenticate(head, payload_hash=announced_payload(head), service="s3")
        except RefusedCallError as refusal:
            raise ObjectStoreError(_IDENTITY_ERRORS[refusal.code], str(refusal)) from refusal
        call = S3Call.of(head)
        if call.kind not in self._calls:
            raise ObjectStoreError(
                ObjectErrorCode.NOT_IMPLEMENTED,
                f"{call.method} of this {call.thing} is not implemented by this local object store",
            )
        self._authorize(call, caller.caller, head)
        return lambda body: self._calls[call.kind](S3Request(call=call, head=head, caller=caller, body=body))

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:
        """Return the answer of a call that failed."""
        code, message = ObjectErrorCode.INTERNAL, internal_failure(request_id)
        if isinstance(error, ObjectStoreError):
            code, message = error.code, str(error)
        elif isinstance(error, RefusedCallError):
            code, message = ObjectErrorCode.ENTITY_TOO_LARGE, str(error)
        return error_answer(code, message, resource=head.path, request_id=request_id)

    def _put(self, request: S3Request) -> Response:
        call = request.call
        if request.head.header(COPY_SOURCE) is not None:
            return self._copy(request)
        replaces = request.head.header(NONE_MATCH) is None
        with self._store.upload(call.bucket, call.key, request.kept_headers, replaces=replaces) as target:
            request.write_content(target)
        return Response(headers={"etag": f'"{self._store.describe(call.bucket, call.key).etag}"'})

    def _copy(self, request: S3Request) -> Response:
        call = request.call
        source, file = open_source(self._store, request.head)
        headers, replaces = copied_headers(request, source), request.head.header(NONE_MATCH) is None
        with file, self._store.upload(call.bucket, call.key, headers, replaces=replaces) as target:
            target.writelines(blocks(file, 0, source.size_bytes))
        copied = self._store.describe(call.bucket, call.key)
        return xml_answer("CopyObjectResult", time_element("LastModified", copied.modified), etag_element(copied.etag))

    def _list_buckets(self, request: S3Request) -> Response:
        parameters = request.call.parameters
        buckets = self._store.buckets()
        names = [name for name in buckets if name.startswith(parameters.get("prefix", ""))]
        wanted = {"max-keys": parameters["max-buckets"]} if "max-buckets" in parameters else {}
        page = page_of(names, {**wanted, "continuation-token": parameters.get("continuation-token", "")})
        found = [
            element("Bucket", text_element("Name", name), time_element("CreationDate", buckets[name]))
            for name in page.keys
        ]
        token = [text_element("ContinuationToken", page.next_token)] if page.next_token else []
        return xml_answer("ListAllMyBucketsResult", element("Buckets", *found), *token)

    def _create_bucket(self, request: S3Request) -> Response:
        self._store.create_bucket(request.call.bucket)
        return Response(headers={"location": f"/{request.call.bucket}"})

    def _head_bucket(self, request: S3Request) -> Response:
        self._store.check_bucket(request.call.bucket)
        return Response()

    def _list(self, request: S3Request) -> Response:
        bucket, parameters = request.call.bucket, request.call.parameters
        if parameters.get("list-type") != "2":
            raise ObjectStoreError(
                ObjectErrorCode.NOT_IMPLEMENTED,
                "ListObjects is not implemented by this local object store, only ListObjectsV2",
            )
        page = page_of(self._store.keys(bucket, prefix=parameters.get("prefix", "")), parameters)
        objects = []
        for key in page.keys:
            with suppress(ObjectStoreError):  # it was deleted meanwhile
                objects.append(self._store.describe(bucket, key))
        return listing_answer(bucket, parameters, page, objects)

    def _get(self, request: S3Request) -> Response:
        stored, file = self._store.open(request.call.bucket, request.call.key)
        try:
            check_match(stored, request.head.header("if-match"))
            return object_answer(stored, file, request.head.header("range"))
        except ObjectStoreError:
            file.close()
            raise

    def _head(self, request: S3Request) -> Response:
        stored = self._store.describe(request.call.bucket, request.call.key)
        check_match(stored, request.head.header("if-match"))
        return Response(headers={**object_headers(stored), "content-length": str(stored.size_bytes)})

    def _delete(self, request: S3Request) -> Response:
        self._store.delete(request.call.bucket, request.call.key)
        return Response(status_code=HTTPStatus.NO_CONTENT)
