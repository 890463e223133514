"""S3 of the world: its calls are decided by the policies, and those that it does not have are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.s3 import S3
from cdk_penstock.local.service.s3.copies import copy_source
from cdk_penstock.local.service.s3.s3_call import COPY_SOURCE
from cdk_penstock.model.regions import partition_of
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import Response

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.identity import Identity
    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.local.service.s3.s3_call import S3Call
    from cdk_penstock.rehearsal.world.gateway.unanswered_calls import UnansweredCalls
    from cdk_penstock.rehearsal.world.world import World

_ACTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("DELETE", "multipart upload"): "s3:AbortMultipartUpload",
    ("DELETE", "object"): "s3:DeleteObject",
    ("GET", "bucket"): "s3:ListBucket",
    ("GET", "multipart upload"): "s3:ListMultipartUploadParts",
    ("GET", "object"): "s3:GetObject",
    ("GET", "service"): "s3:ListAllMyBuckets",
    ("HEAD", "bucket"): "s3:ListBucket",
    ("HEAD", "object"): "s3:GetObject",
    ("POST", "multipart upload"): "s3:PutObject",
    ("POST", "multipart uploads"): "s3:PutObject",
    ("PUT", "bucket"): "s3:CreateBucket",
    ("PUT", "object"): "s3:PutObject",
    ("PUT", "part"): "s3:PutObject",
}
"""Actions by method and kind of thing. Source: Amazon S3, "Required permissions for Amazon S3 API operations"."""


class ObjectCalls(S3):
    """S3 behind the gateway.

    Parameters
    ----------
    world
        The world.
    identity
        Verifies signatures.
    unanswered
        Where calls that are not implemented are remembered.
    """

    def __init__(self, world: World, identity: Identity, unanswered: UnansweredCalls) -> None:
        super().__init__(world.objects, identity, authorize=self._authorize_call)
        self._world = world
        self._unanswered = unanswered

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:
        """Return the answer of a call that failed."""
        if isinstance(error, ObjectStoreError) and error.code is ObjectErrorCode.NOT_IMPLEMENTED:
            self._unanswered.refuse("s3", f"{head.method} {head.path}", str(error))
        return super().refused(error, head, request_id)

    def _authorize_call(self, call: S3Call, caller: ApiCaller, head: RequestHead) -> None:
        actor = self._world.sessions.actor(caller.principal_arn)
        try:
            for action, resource, context in _needed(call, head, partition_of(caller.region)):
                self._world.authority.require(
                    actor, action, resource, {"aws:RequestedRegion": caller.region, **context}
                )
        except DeniedError as error:
            raise ObjectStoreError(ObjectErrorCode.ACCESS_DENIED, str(error)) from error


def _needed(call: S3Call, head: RequestHead, partition: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield actions, resources and condition keys: a copy reads its source too."""
    names = ("prefix", "delimiter", "max-keys") if call.kind == ("GET", "bucket") else ()
    context = {f"s3:{name}": call.parameters[name] for name in names if name in call.parameters}
    name = f"{call.bucket}/{call.key}" if call.key else call.bucket
    yield _ACTIONS[call.kind], f"arn:{partition}:s3:::{name}" if name else "*", context
    if head.header(COPY_SOURCE) is not None:
        yield "s3:GetObject", f"arn:{partition}:s3:::{'/'.join(copy_source(head))}", {}
