"""The caller of a request, as its signature proves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.signature import Signature
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.credentials import Credential, Credentials
    from cdk_penstock.local.service.request_head import RequestHead


UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
_SKEW: Final = timedelta(minutes=15)


def utc_now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Authenticated:
    """A signature that is verified, and the credential that it is made with."""

    credential: Credential
    signature: Signature

    @property
    def caller(self) -> ApiCaller:
        """The caller, for an operation of the API."""
        principal = self.credential.principal
        return ApiCaller(account=principal.account, region=self.signature.region, principal_arn=principal.arn)


class Identity:
    """Verifies signatures.

    Parameters
    ----------
    credentials
        The credentials that may sign.
    clock
        The time now, with a time zone. Default: that of this machine.
    checks_time
        False for a clock that its callers do not have: a signature of any time is taken.
    """

    def __init__(
        self, credentials: Credentials, *, clock: Callable[[], datetime] = utc_now, checks_time: bool = True
    ) -> None:
        self.credentials: Final = credentials
        self.clock: Final = clock
        self._checks_time: Final = checks_time

    def authenticate(self, head: RequestHead, *, payload_hash: str, service: str) -> Authenticated:
        """Return the caller of a request.

        Parameters
        ----------
        head
            The request.
        payload_hash
            SHA-256 of its body in hexadecimal digits, or what the header x-amz-content-sha256 says instead.
        service
            The name of the service that the signature must be for.

        Raises
        ------
        RefusedCallError
            The request is not signed, or its signature is wrong, too old, or of an unknown or expired key.
        """
        signature = Signature.of(head)
        if signature is None:
            raise RefusedCallError(RefusalCode.MISSING_AUTHENTICATION, "Missing Authentication Token")
        if signature.service != service:
            raise RefusedCallError(
                RefusalCode.INVALID_SIGNATURE, f"Credential should be scoped to correct service: '{service}'."
            )
        now = self.clock()
        if self._checks_time:
            _check_time(signature, now)
        credential = self.credentials.find(signature.access_key_id)
        if credential is None or credential.session_token != signature.session_token:
            raise RefusedCallError(
                RefusalCode.UNRECOGNIZED_CLIENT, "The security token included in the request is invalid."
            )
        if not signature.is_made_with(credential.secret_access_key, head, payload_hash):
            raise RefusedCallError(
                RefusalCode.INVALID_SIGNATURE,
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            )
        if credential.expires_at is not None and credential.expires_at <= now:
            raise RefusedCallError(RefusalCode.EXPIRED_TOKEN, "The security token included in the request is expired")
        return Authenticated(credential=credential, signature=signature)


def _check_time(signature: Signature, now: datetime) -> None:
    signed_at = signature.time
    lifetime = _SKEW if signature.expires_seconds is None else timedelta(seconds=signature.expires_seconds)
    # Differences, since a sum may be beyond the year 9999.
    if now - signed_at > lifetime:
        raise RefusedCallError(
            RefusalCode.INVALID_SIGNATURE,
            f"Signature expired: {signature.time_text} is more than {lifetime} earlier than {_text(now)}",
        )
    if signed_at - now > _SKEW:
        raise RefusedCallError(
            RefusalCode.INVALID_SIGNATURE,
            f"Signature not yet current: {signature.time_text} is more than {_SKEW} later than {_text(now)}",
        )


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
