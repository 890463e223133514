"""Tokens of presigned URLs: random, and only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.store import Store
    from cdk_penstock.model.lifecycle.records import Application


_KIND: Final = "dashboard"
_FIRST_USE_WITHIN: Final = timedelta(minutes=3)


def dashboard_path(uid: str) -> str:
    """Return the path of an application's pages."""
    return f"/_apps/{uid}/flinkdashboard"


@dataclass(frozen=True, kw_only=True)
class DashboardSession:
    """The permission that a token stands for.

    Parameters
    ----------
    application_arn, application_uid
        The application.
    launch_id
        Its job when the URL was created: the URL ends with the cluster of that job.
    account, region, principal_arn
        The creator, whose permissions count.
    created_at, expires_at
        The time of the URL.
    is_used
        True once a request came with the token; the first one must come soon.
    """

    application_arn: str
    application_uid: str
    launch_id: str
    account: str
    region: str
    principal_arn: str
    created_at: datetime
    expires_at: datetime
    is_used: bool = False

    def is_valid(self, now: datetime) -> bool:
        """Return True if a request may come at this time."""
        return now < self.expires_at and (self.is_used or now - self.created_at <= _FIRST_USE_WITHIN)


_SESSION: Final = TypeAdapter(DashboardSession)


class DashboardTokens:
    """The tokens that are valid, with the service's records.

    Parameters
    ----------
    store
        Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, application: Application, caller: ApiCaller, *, now: datetime, lifetime: timedelta) -> str:
        """Return a new token for an application; tokens that are not valid any more are removed."""
        for key, document in self._store.notes(_KIND).items():
            if not _SESSION.validate_python(document).is_valid(now):
                self._store.write_note(_KIND, key, None)
        token = secrets.token_urlsafe(32)
        session = DashboardSession(
            application_arn=application.arn,
            application_uid=application.uid,
            launch_id=application.launch_id,
            account=caller.account,
            region=caller.region,
            principal_arn=caller.principal_arn,
            created_at=now,
            expires_at=now + lifetime,
        )
        self._write(_key(token), session)
        return token

    def use(self, token: str, *, now: datetime) -> DashboardSession | None:
        """Return the session of a token for a request at this time, None if it is unknown or not valid any more."""
        with self._store.lock:
            document = self._store.note(_KIND, _key(token))
            session = None if document is None else _SESSION.validate_python(document)
            if session is None or not session.is_valid(now):
                return None
            if not session.is_used:
                self._write(_key(token), replace(session, is_used=True))
            return session

    def _write(self, key: str, session: DashboardSession) -> None:
        self._store.write_note(_KIND, key, _SESSION.dump_python(session, mode="json"))


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
