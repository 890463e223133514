from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.errors import LocalPipelineError
from cdk_penstock.local.service.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_records_of_another_version_are_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    Store(file).close()
    Store(file).close()
    with sqlite3.connect(file) as database:
        database.execute("pragma user_version = 1")
    with pytest.raises(LocalPipelineError, match=r"form 1, expected \d+\): delete its folder, or use another one"):
        Store(file)
