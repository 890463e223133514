"""MSF's refusal of a call: its error code and its message."""

from __future__ import annotations

from enum import StrEnum

from cdk_penstock.model.errors import PenstockError


class RefusalCode(StrEnum):
    """The errors of MSF's API, as it names them; each is an answer with HTTP status 400.

    See https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_Operations.html.
    """

    ACCESS_DENIED = "AccessDeniedException"
    CODE_VALIDATION = "CodeValidationException"
    CONCURRENT_MODIFICATION = "ConcurrentModificationException"
    INVALID_APPLICATION_CONFIGURATION = "InvalidApplicationConfigurationException"
    INVALID_ARGUMENT = "InvalidArgumentException"
    INVALID_REQUEST = "InvalidRequestException"
    LIMIT_EXCEEDED = "LimitExceededException"
    RESOURCE_IN_USE = "ResourceInUseException"
    RESOURCE_NOT_FOUND = "ResourceNotFoundException"
    THROTTLING = "ThrottlingException"
    TOO_MANY_TAGS = "TooManyTagsException"
    UNSUPPORTED_OPERATION = "UnsupportedOperationException"
    # Not of MSF, but of what stands before every AWS service.
    EXPIRED_TOKEN = "ExpiredTokenException"  # noqa: S105 - an error code
    INVALID_SIGNATURE = "InvalidSignatureException"
    MISSING_AUTHENTICATION = "MissingAuthenticationTokenException"
    SERIALIZATION = "SerializationException"
    UNKNOWN_OPERATION = "UnknownOperationException"
    UNRECOGNIZED_CLIENT = "UnrecognizedClientException"


class RefusedCallError(PenstockError):
    """A call that MSF refuses, before it changes anything.

    Parameters
    ----------
    code
        The error code.
    message
        What MSF says.
    """

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
