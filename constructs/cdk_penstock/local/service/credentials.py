"""Access keys that may sign calls: those of one user, and those of sessions that assumed a role."""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

_DEFAULT_ACCOUNT: Final = "000000000000"
_ID_CHARACTERS: Final = string.ascii_uppercase + "234567"
_SECRET_BYTES: Final = 30
_TOKEN_BYTES: Final = 96


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A user, or a role's session: its ARN, its account, and the id that GetCallerIdentity returns."""

    arn: str
    account: str
    user_id: str


@dataclass(frozen=True, kw_only=True)
class Credential:
    """An access key with its secret; that of a session has a token and an end as well."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    principal: Principal
    session_token: str = field(default="", repr=False)
    expires_at: datetime | None = None

    @property
    def is_session(self) -> bool:
        """True if it is that of a session."""
        return bool(self.session_token)


class SessionStore(Protocol):
    """Keeps the credentials of sessions, also over a restart if it can. It may be called from any thread."""

    def put(self, session: Credential) -> None:
        """Keep a session, by its access key id."""

    def get(self, access_key_id: str) -> Credential | None:
        """Return the session with this access key id, None if there is none."""


class MemorySessions:
    """Sessions in memory; they end with the process."""

    def __init__(self) -> None:
        self._sessions: dict[str, Credential] = {}

    def put(self, session: Credential) -> None:
        """Keep a session."""
        self._sessions[session.access_key_id] = session

    def get(self, access_key_id: str) -> Credential | None:
        """Return the session, None if there is none."""
        return self._sessions.get(access_key_id)


def unique_id(prefix: str, arn: str) -> str:
    """Return an id in the form of IAM's unique ids, always the same for an ARN."""
    digest = hashlib.sha256(arn.encode()).digest()
    return prefix + "".join(_ID_CHARACTERS[byte % len(_ID_CHARACTERS)] for byte in digest[:17])


def user(
    *, account: str = _DEFAULT_ACCOUNT, name: str = "penstock", access_key_id: str = "", secret: str = ""
) -> Credential:
    """Return the credential of a user, with a generated access key unless one is given."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Credential(
        access_key_id=access_key_id or _generated_id("AKIA"),
        secret_access_key=secret or secrets.token_urlsafe(_SECRET_BYTES),
        principal=Principal(arn=arn, account=account, user_id=unique_id("AIDA", arn)),
    )


def _generated_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(16))


class Credentials:
    """The credentials that may sign calls.

    Parameters
    ----------
    user
        The credential of the user, which does not end.
    sessions
        Keeps the sessions. Default: in memory.
    """

    def __init__(self, user: Credential, sessions: SessionStore | None = None) -> None:
        self._user: Final = user
        self._sessions: Final = sessions or MemorySessions()

    def find(self, access_key_id: str) -> Credential | None:
        """Return the credential with this access key id, also one that has ended; None if there is none."""
        return self._user if access_key_id == self._user.access_key_id else self._sessions.get(access_key_id)

    def issue(self, principal: Principal, *, expires_at: datetime) -> Credential:
        """Return new credentials of a session, which are kept."""
        session = Credential(
            access_key_id=_generated_id("ASIA"),
            secret_access_key=secrets.token_urlsafe(_SECRET_BYTES),
            principal=principal,
            session_token=secrets.token_urlsafe(_TOKEN_BYTES),
            expires_at=expires_at,
        )
        self._sessions.put(session)
        return session
