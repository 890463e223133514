"""Refusals of the object store, as S3 names them."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

from cdk_penstock.model.errors import PenstockError


class ObjectErrorCode(Enum):
    """The errors of S3's API that the object store uses, each with its HTTP status."""

    ACCESS_DENIED = ("AccessDenied", HTTPStatus.FORBIDDEN)
    BAD_DIGEST = ("BadDigest", HTTPStatus.BAD_REQUEST)
    BUCKET_EXISTS = ("BucketAlreadyOwnedByYou", HTTPStatus.CONFLICT)
    BUCKET_NOT_EMPTY = ("BucketNotEmpty", HTTPStatus.CONFLICT)
    CONTENT_MISMATCH = ("XAmzContentSHA256Mismatch", HTTPStatus.BAD_REQUEST)
    ENTITY_TOO_LARGE = ("EntityTooLarge", HTTPStatus.BAD_REQUEST)
    ENTITY_TOO_SMALL = ("EntityTooSmall", HTTPStatus.BAD_REQUEST)
    EXPIRED_TOKEN = ("ExpiredToken", HTTPStatus.BAD_REQUEST)
    INCOMPLETE_BODY = ("IncompleteBody", HTTPStatus.BAD_REQUEST)
    INTERNAL = ("InternalError", HTTPStatus.INTERNAL_SERVER_ERROR)
    INVALID_ACCESS_KEY = ("InvalidAccessKeyId", HTTPStatus.FORBIDDEN)
    INVALID_ARGUMENT = ("InvalidArgument", HTTPStatus.BAD_REQUEST)
    INVALID_BUCKET_NAME = ("InvalidBucketName", HTTPStatus.BAD_REQUEST)
    INVALID_PART = ("InvalidPart", HTTPStatus.BAD_REQUEST)
    INVALID_PART_ORDER = ("InvalidPartOrder", HTTPStatus.BAD_REQUEST)
    INVALID_RANGE = ("InvalidRange", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    INVALID_REQUEST = ("InvalidRequest", HTTPStatus.BAD_REQUEST)
    KEY_TOO_LONG = ("KeyTooLongError", HTTPStatus.BAD_REQUEST)
    MALFORMED_XML = ("MalformedXML", HTTPStatus.BAD_REQUEST)
    METADATA_TOO_LARGE = ("MetadataTooLarge", HTTPStatus.BAD_REQUEST)
    NOT_IMPLEMENTED = ("NotImplemented", HTTPStatus.NOT_IMPLEMENTED)
    NO_SUCH_BUCKET = ("NoSuchBucket", HTTPStatus.NOT_FOUND)
    NO_SUCH_KEY = ("NoSuchKey", HTTPStatus.NOT_FOUND)
    NO_SUCH_UPLOAD = ("NoSuchUpload", HTTPStatus.NOT_FOUND)
    PRECONDITION_FAILED = ("PreconditionFailed", HTTPStatus.PRECONDITION_FAILED)
    SIGNATURE_MISMATCH = ("SignatureDoesNotMatch", HTTPStatus.FORBIDDEN)

    def __init__(self, code: str, status: HTTPStatus) -> None:
        self.code = code
        self.status = status


class ObjectStoreError(PenstockError):
    """A call that the object store refuses."""

    def __init__(self, code: ObjectErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
