"""Progress of what takes long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ("ConsoleProgress",)


class ConsoleProgress:
    """Shows stages as lines with their durations, and where the present one stands if a terminal is watching."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("") if console.is_terminal else None
        self._title = ""
        self._begin = time.monotonic()

    def stage(self, title: str) -> None:
        """End the stage before, and begin another one."""
        self.done()
        self._title, self._begin = title, time.monotonic()
        if self._status is not None:
            self._status.update(Text(f"{title} ..."))
            self._status.start()
        else:
            self._console.print(f"  {title} ...", soft_wrap=True)

    def update(self, text: str) -> None:
        """Show where the present stage stands."""
        if self._status is not None:
            self._status.update(Text(f"{self._title}: {text}"))

    def done(self) -> None:
        """End the present stage well."""
        if self._title:
            self.stop()
            seconds = time.monotonic() - self._begin
            done = Text.assemble(("✓", "green"), f" {self._title} ({seconds:.1f} s)")
            self._console.print(done, soft_wrap=True)
            self._title = ""

    def stop(self) -> None:
        """Stop showing anything that moves."""
        if self._status is not None:
            self._status.stop()
