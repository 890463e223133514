"""Errors of calls to AWS, each with the state that it leaves and the fix.

Only what a caller catches has its own class::

    PenstockError
      ControlError                    failed for good
        MissingPermissionError        the caller may not do it
        BusyError                     AWS throttles, or fails inside
        DashboardUnavailableError     Flink's REST API does not answer
        UnavailableError              a service is out of reach, or not ready
          SearchUnavailableError      a search domain
            SearchNameError           its name does not resolve
        KeyUnusableError              a key is disabled, pending deletion or gone
        ApplicationMissingError       no such application
        SnapshotNotPossibleError      the job fails or restarts
        WorkspaceMissingError         no such Grafana workspace
        SearchRefusedError            a search domain refuses the request
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.runtimes import CUSTOMER_MANAGED_KEY_NEEDS, FIRST_WITH_CUSTOMER_MANAGED_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

_DENIED_CODES: Final = frozenset(
    {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnauthorizedException"}
)
_BUSY_CODES: Final = frozenset(
    {
        "EC2ThrottledException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "Unavailable",
    }
)
_EXPIRED_CODES: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID_CREDENTIALS_CODES: Final = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_HTTP_TOO_MANY_REQUESTS: Final = 429
_HTTP_SERVER_ERROR: Final = 500
_PERMISSION_WORDS: Final = re.compile(
    r"privilege|not authori[sz]ed|access ?denied|does not have permission|no permission", re.IGNORECASE
)
_KEY_WORDS: Final = re.compile(
    r"KMSInvalidState|(?:key|kms)\b.*\b(?:is disabled|is not enabled|pending deletion|pending import)"
    r"|DisabledException",
    re.IGNORECASE,
)
_RUNTIME_WORDS: Final = re.compile(r"runtime", re.IGNORECASE)
_OWN_CALL: Final = re.compile(r"\((?:kms|iam|logs|sts):")
"""Marks an action of the caller itself rather than of the operator."""
# In an ARN, the service has a colon before it.
_ACTION: Final = re.compile(r"(?<![\w:])((?:kms|kinesisanalytics|iam|logs|sts|ec2):[A-Za-z*]+)")


class ControlError(PenstockError):
    """A call to AWS that failed for good; the message says in which state that leaves things."""


class MissingPermissionError(ControlError):
    """The caller may not do it; nothing was changed."""


class UnavailableError(ControlError):
    """A service cannot be reached, or is not ready to be used, at present."""


class BusyError(ControlError):
    """AWS throttles, or fails inside; whether it took the request is not known."""


class KeyUnusableError(ControlError):
    """A key that the operation involves is disabled, pending deletion or gone; nothing was changed."""


class ApplicationMissingError(ControlError):
    """There is no such application in this account and Region."""


class SnapshotNotPossibleError(ControlError):
    """MSF cannot take a snapshot because the job is failing or restarting; the application goes on as it was."""


def code_of(error: Any) -> str:
    """Return the error code of a botocore ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _text_of(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def is_key_trouble(error: Any) -> bool:
    """Return True if a key cannot be used by anybody, rather than not by this caller."""
    return code_of(error) in {"KMSInvalidStateException", "DisabledException"} or bool(
        _KEY_WORDS.search(_text_of(error))
    )


def is_permission_trouble(error: Any) -> bool:
    """Return True if a permission is missing, which IAM may also answer for up to a minute after a change."""
    if is_key_trouble(error):
        return False
    code = code_of(error)
    argument = code in {"InvalidArgumentException", "InvalidApplicationConfigurationException"}
    return code in _DENIED_CODES or (argument and bool(_PERMISSION_WORDS.search(_text_of(error))))


def is_busy(error: Any) -> bool:
    """Return True if AWS throttles or fails inside, which passes by itself."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _BUSY_CODES or status == _HTTP_TOO_MANY_REQUESTS or status >= _HTTP_SERVER_ERROR


def explained(error: Any, *, action: str, keys: Iterable[str] = ()) -> ControlError:
    """Return the error in penstock's words: the action, the cause and the fix.

    ``keys`` are the customer managed keys that the operation involves.
    """
    text, code = _text_of(error), code_of(error)
    involved = ", ".join(sorted(keys)) or "none"
    if is_busy(error):
        message = (
            f"cannot {action}: AWS throttles or fails inside; whether it was done is not known: check, and try"
            f" again. It answered {code}: {text}"
        )
        return BusyError(message)
    answer = f"MSF, KMS or IAM answered {code}: {text}"
    if is_key_trouble(error):
        message = (
            f"cannot {action}: a key is not enabled (keys involved: {involved}); have the key administrator re-enable"
            f" it, then try again; nothing was changed. {answer}"
        )
        return KeyUnusableError(message)
    if code in _EXPIRED_CODES:
        return MissingPermissionError(
            f"cannot {action}: the credentials have expired; nothing was changed by this call: sign in again, and run"
            f" this again, which continues. {answer}"
        )
    if code in _INVALID_CREDENTIALS_CODES:
        return MissingPermissionError(
            f"cannot {action}: AWS does not accept the credentials; nothing was changed by this call: sign in again,"
            f" and check --profile, the variables AWS_... and the clock of this machine. {answer}"
        )
    if is_permission_trouble(error):
        actions = ", ".join(dict.fromkeys(_ACTION.findall(text))) or "not named by the service"
        advice = (
            "grant it to whoever runs this"
            if _OWN_CALL.search(action)
            else "the operator role's policy and the key policy must both allow every key involved"
            f" ({involved}), and the key policy the principals of MSF too"
        )
        message = f"cannot {action}: permission is missing ({actions}): {advice}; nothing was changed. {answer}"
        return MissingPermissionError(message)
    kinds: dict[str, tuple[type[ControlError], str]] = {
        "ResourceNotFoundException": (
            ApplicationMissingError,
            "it does not exist in this account and Region: check the name, the Region and the account",
        ),
        "NotFoundException": (KeyUnusableError, "there is no such key in this account and Region: check its ARN"),
        "NoSuchEntity": (
            ControlError,
            "the role does not exist in this account: check the ARN of the operator role",
        ),
        "LimitExceededException": (ControlError, "a quota is used up: delete old snapshots, or have it raised"),
        "ConcurrentModificationException": (
            ControlError,
            "somebody else keeps changing the application: try again when they are done",
        ),
        "ResourceInUseException": (ControlError, "its present state does not allow it: try again when it is steady"),
    }
    kind, advice = kinds.get(code, (ControlError, "check the configuration that the service complains about"))
    if code == "InvalidArgumentException" and _RUNTIME_WORDS.search(text):
        advice = (
            f"the runtime is too old or unknown: {CUSTOMER_MANAGED_KEY_NEEDS}; upgrade it first, with penstock app"
            f" upgrade --runtime {FIRST_WITH_CUSTOMER_MANAGED_KEY}"
        )
    message = f"cannot {action}: {advice}; nothing was changed. {answer}"
    return kind(message)
