"""The credentials of the endpoint, kept with its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from cdk_penstock.local.service.credentials import Credential, user

if TYPE_CHECKING:
    from cdk_penstock.local.service.store import Store


_CREDENTIAL = TypeAdapter(Credential)


class StoredSessions:
    """Sessions of assumed roles, which go on after a restart of the endpoint.

    Parameters
    ----------
    store
        Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, session: Credential) -> None:
        """Keep a session."""
        self._store.write_note("session", session.access_key_id, _CREDENTIAL.dump_python(session, mode="json"))

    def get(self, access_key_id: str) -> Credential | None:
        """Return the session with this access key id, None if there is none."""
        document = self._store.note("session", access_key_id)
        return None if document is None else _CREDENTIAL.validate_python(document)


def kept_user(store: Store, *, account: str) -> Credential:
    """Return the endpoint's user in an account, made at the first call: its access key stays the same."""
    document = store.note("user", account)
    if document is None:
        made = user(account=account)
        store.write_note("user", account, _CREDENTIAL.dump_python(made, mode="json"))
        return made
    return _CREDENTIAL.validate_python(document)
