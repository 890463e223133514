from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.errors import LocalPipelineError
from cdk_penstock.local.service.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


PRIVATE = {f"records.sqlite{suffix}": 0o600 for suffix in ("", "-wal", "-shm")}


def test_only_the_user_can_read_records(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.sqlite")
    store.write_note("user", "account", {"secret_access_key": "secret"})
    assert modes(tmp_path) == PRIVATE
    store.close()


def test_records_that_others_could_read_become_private(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    killed = Store(file)
    killed.write_note("user", "account", {"secret_access_key": "secret"})
    for each in tmp_path.iterdir():
        each.chmod(0o644)
    store = Store(file)
    assert modes(tmp_path) == PRIVATE
    assert store.note("user", "account") == {"secret_access_key": "secret"}
    store.close()
    killed.close()


def test_records_of_another_version_are_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    Store(file).close()
    Store(file).close()
    with sqlite3.connect(file) as database:
        database.execute("pragma user_version = 1")
    with pytest.raises(LocalPipelineError, match=r"form 1, expected \d+\): delete its folder, or use another one"):
        Store(file)
