"""The recorded logs of real jobs; record_flink_log.py made them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("recorded")


@cache
def recorded(name: str) -> tuple[dict[str, Any], ...]:
    """Return the events of a recording."""
    text = gzip.decompress((RECORDED / f"{name}.jsonl.gz").read_bytes()).decode()
    return tuple(json.loads(line) for line in text.splitlines())
