"""The calls of S3 that the object store answers."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

from starlette.responses import Response

from cdk_penstock.local.service.endpoint import internal_failure
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.s3.answers import error_answer, listing_answer, object_answer, object_headers
from cdk_penstock.local.service.s3.listing import page_of
from cdk_penstock.local.service.s3.payload import announced_payload, write_content
from cdk_penstock.local.service.s3.s3_call import S3Call
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.identity import Authenticated, Identity
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
        Verifies the signature of each call. Whoever has a key of the endpoint may do everything with its objects.
    """

    most_bytes = 5 << 30

    def __init__(self, store: ObjectStore, identity: Identity) -> None:
        self._store: Final = store
        self._identity: Final = identity
        self._calls: Final[Mapping[tuple[str, str], Callable[[S3Call, RequestHead], Response]]] = {
            ("DELETE", "object"): self._delete,
            ("GET", "bucket"): self._list,
            ("GET", "object"): self._get,
            ("HEAD", "bucket"): self._head_bucket,
            ("HEAD", "object"): self._head,
            ("PUT", "bucket"): self._create_bucket,
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
        if call.kind == ("PUT", "object"):
            return lambda body: self._put(call, head, caller, body)
        if call.kind not in self._calls:
            raise ObjectStoreError(
                ObjectErrorCode.NOT_IMPLEMENTED,
                f"{call.method} on a {call.kind[1]} is not implemented by this local object store",
            )
        return lambda _: self._calls[call.kind](call, head)

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:
        """Return the answer of a call that failed."""
        code, message = ObjectErrorCode.INTERNAL, internal_failure(request_id)
        if isinstance(error, ObjectStoreError):
            code, message = error.code, str(error)
        elif isinstance(error, RefusedCallError):
            code, message = ObjectErrorCode.ENTITY_TOO_LARGE, str(error)
        return error_answer(code, message, resource=head.path, request_id=request_id)

    def _put(self, call: S3Call, head: RequestHead, caller: Authenticated, body: IO[bytes]) -> Response:
        with self._store.upload(call.bucket, call.key) as target:
            write_content(head, caller, body, target)
        return Response(headers={"etag": f'"{self._store.describe(call.bucket, call.key).etag}"'})

    def _create_bucket(self, call: S3Call, _head: RequestHead) -> Response:
        self._store.create_bucket(call.bucket)
        return Response(headers={"location": f"/{call.bucket}"})

    def _head_bucket(self, call: S3Call, _head: RequestHead) -> Response:
        self._store.check_bucket(call.bucket)
        return Response()

    def _list(self, call: S3Call, _head: RequestHead) -> Response:
        if call.parameters.get("list-type") != "2":
            raise ObjectStoreError(
                ObjectErrorCode.NOT_IMPLEMENTED,
                "ListObjects is not implemented by this local object store, only ListObjectsV2",
            )
        page = page_of(self._store.keys(call.bucket, prefix=call.parameters.get("prefix", "")), call.parameters)
        objects = []
        for key in page.keys:
            with suppress(ObjectStoreError):  # it was deleted meanwhile
                objects.append(self._store.describe(call.bucket, key))
        return listing_answer(call.bucket, call.parameters, page, objects)

    def _get(self, call: S3Call, head: RequestHead) -> Response:
        stored, file = self._store.open(call.bucket, call.key)
        try:
            return object_answer(stored, file, head.header("range"))
        except ObjectStoreError:
            file.close()
            raise

    def _head(self, call: S3Call, _head: RequestHead) -> Response:
        stored = self._store.describe(call.bucket, call.key)
        return Response(headers={**object_headers(stored), "content-length": str(stored.size_bytes)})

    def _delete(self, call: S3Call, _head: RequestHead) -> Response:
        self._store.delete(call.bucket, call.key)
        return Response(status_code=HTTPStatus.NO_CONTENT)
