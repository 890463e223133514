from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from rich.console import Console

from cdk_penstock.cli.console_progress import ConsoleProgress

if TYPE_CHECKING:
    import pytest


def test_a_log_gets_the_state_of_a_long_stage_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = ConsoleProgress(Console(file=stream, width=100))
    progress.update("not begun")
    progress.stage("verify the job")
    for seconds in range(0, 150, 10):
        now[0] = float(seconds)
        progress.update(f"every subtask runs since {seconds} s")
    progress.done()
    assert stream.getvalue().splitlines() == [
        "  verify the job ...",
        "    60 s: every subtask runs since 60 s",
        "    120 s: every subtask runs since 120 s",
        "✓ verify the job (140.0 s)",
    ]
