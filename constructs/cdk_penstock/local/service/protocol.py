"""The HTTP application: MSF, STS and S3 on one port, told apart by the scope of a request's signature."""

from __future__ import annotations

import logging
import tempfile
from typing import IO, TYPE_CHECKING, Final
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Mount

from cdk_penstock.local.service.api import SERVICE, TARGET, Api
from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.local.service.request_head import RequestHead
from cdk_penstock.local.service.s3 import S3
from cdk_penstock.local.service.signature import scope_service
from cdk_penstock.local.service.sts import Sts
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from cdk_penstock.local.service.calls import ApiOperations
    from cdk_penstock.local.service.endpoint import Endpoint
    from cdk_penstock.local.service.identity import Identity
    from cdk_penstock.local.service.object_store import ObjectStore
    from cdk_penstock.local.service.policy_source import PolicySource


_LOG: Final = logging.getLogger(__name__)
_OTHER_PATHS: Final = "/_"
"""The beginning of the paths of pages and of the admin API: no bucket has such a name."""
_IN_MEMORY_BYTES: Final = 1 << 20
ANY_OTHER: Final = "*"
"""The name of what answers calls that are signed for a service without a name here."""


def service_app(
    *,
    operations: ApiOperations,
    identity: Identity,
    policies: PolicySource,
    objects: ObjectStore,
    routes: Sequence[BaseRoute] = (),
    more_services: Mapping[str, Endpoint] | None = None,
    s3: Endpoint | None = None,
) -> Starlette:
    """Return the application.

    Parameters
    ----------
    operations
        Carries out the calls of MSF's API, in a thread pool: it may block.
    identity
        Verifies signatures.
    policies
        Decides who may assume a role.
    objects
        The objects of S3.
    routes
        More routes, for requests without a signature of AWS: ``/``, and paths that begin with ``/_``.
    more_services
        Other services, by the names in signatures; ``ANY_OTHER`` for those that are not among them.
    s3
        Answers S3's calls. Default: everybody who has a key may do everything with the objects.
    """
    services = _Services(
        {
            **(more_services or {}),
            SERVICE: Api(operations, identity),
            "sts": Sts(identity, policies),
            "s3": s3 or S3(objects, identity),
        }
    )
    # What no route takes is answered by the service that it looks like.
    return Starlette(
        routes=[*routes, Mount("/", app=services.answer)], middleware=[Middleware(_SignedFirst, services=services)]
    )


class _SignedFirst:
    """Leads signed requests past the routes: GET / is a page for a browser, and a call of S3 when it is signed."""

    def __init__(self, app: ASGIApp, *, services: _Services) -> None:
        self._app: Final = app
        self._services: Final = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            head = RequestHead.of(scope)
            targeted = head.header(TARGET) is not None and not head.path.startswith(_OTHER_PATHS)
            if targeted or scope_service(head) is not None:
                await self._services.answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Services:
    """The services behind the port."""

    def __init__(self, by_name: Mapping[str, Endpoint]) -> None:
        self._by_name: Final = by_name

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI wants it."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope, receive)
        head = RequestHead.of(scope)
        request_id = str(uuid4())
        endpoint = self._by_name[self._service_name(head)]
        try:
            response = await _response(endpoint, request, head, request_id)
        except ClientDisconnect:
            return
        response.headers["x-amzn-RequestId"] = response.headers["x-amz-request-id"] = request_id
        await response(scope, receive, send)

    def _service_name(self, head: RequestHead) -> str:
        signed_for = scope_service(head)
        is_targeted = head.header(TARGET) is not None
        if signed_for is not None and signed_for not in self._by_name and ANY_OTHER in self._by_name:
            return ANY_OTHER
        if signed_for is not None and signed_for in self._by_name and not (is_targeted and signed_for in {"s3", "sts"}):
            return signed_for
        # Nothing is signed for another service. Of what is not signed, S3 has the paths, and MSF's API has POST /.
        is_api = is_targeted or signed_for is not None or (head.method, head.path) == ("POST", "/")
        return SERVICE if is_api else "s3"


async def _response(endpoint: Endpoint, request: Request, head: RequestHead, request_id: str) -> Response:
    try:
        answer = await run_in_threadpool(endpoint.accept, head, request_id)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
            await _read_body(request, body, endpoint.most_bytes)
            return await run_in_threadpool(answer, body)
    except ClientDisconnect:
        raise
    except (RefusedCallError, ObjectStoreError) as refusal:
        return endpoint.refused(refusal, head, request_id)
    except Exception:  # noqa: BLE001 - whatever it is, it goes to the log and not to the client
        _LOG.exception("request %s failed: %s %a %a", request_id, head.method, head.path, head.header(TARGET))
        return endpoint.refused(None, head, request_id)


async def _read_body(request: Request, file: IO[bytes], most_bytes: int) -> None:
    size = 0
    async for block in request.stream():
        size += len(block)
        if size > most_bytes:
            raise RefusedCallError(RefusalCode.INVALID_REQUEST, f"the body has more than {most_bytes} bytes")
        file.write(block)
    file.seek(0)
