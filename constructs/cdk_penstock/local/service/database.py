"""The file of the service's records."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import LocalPipelineError
from cdk_penstock.local.service.tables import SCHEMA, SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path


def open_database(file: Path | None) -> sqlite3.Connection:
    """Open the database, which any thread may use then, and make its tables.

    Parameters
    ----------
    file
        The database, made if it is not there; None for one in memory.

    Raises
    ------
    LocalPipelineError
        Another version of penstock has written the records.
    """
    if file is not None:
        _make_private(file)
    database = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = normal")
    (version,) = database.execute("pragma user_version").fetchone()
    (tables,) = database.execute("select count(*) from sqlite_schema").fetchone()
    if tables and version != SCHEMA_VERSION:
        database.close()
        raise LocalPipelineError(
            f"{file} has the records of another version of penstock (form {version}, expected {SCHEMA_VERSION}):"
            " delete its folder, or use another one"
        )
    database.execute(f"pragma user_version = {SCHEMA_VERSION}")
    database.executescript(SCHEMA)
    return database


def _make_private(file: Path) -> None:
    """Let only this user read the secret access key that is among the records."""
    file.touch(mode=0o600)
    # SQLite makes the files beside it with the mode of the database; those of a process that was killed are there.
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            file.with_name(file.name + suffix).chmod(0o600)
