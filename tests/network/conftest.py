from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def cdk_context() -> dict[str, Any]:
    """Return the context of cdk.json, under which penstock's own app is synthesized."""
    context: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text())["context"]
    return context
