"""A service for each test of MSF's behaviours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.service.in_process import InProcess

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def local(tmp_path: Path) -> InProcess:
    """Return a new service, without applications."""
    return InProcess(tmp_path)
