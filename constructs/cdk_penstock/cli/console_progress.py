"""Progress of commands that take long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

_PATIENCE_SECONDS: Final = 2
_LOG_SECONDS: Final = 60


class ConsoleProgress:
    """Shows each stage with its duration, and the state of the present stage: in a log only once a minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("") if console.is_terminal else None
        self._title = ""
        self._state = ""
        self._begin = self._told_at = time.monotonic()

    @property
    def title(self) -> str:
        """The present stage; empty between stages."""
        return self._title

    def __rich__(self) -> Text:
        """Return the present stage, with its duration so far; rich asks for it at each step of its animation."""
        seconds = int(time.monotonic() - self._begin)
        duration = f" ({seconds} s)" if seconds >= _PATIENCE_SECONDS else ""
        return Text(f"{self._title}{self._state}{duration}")

    def stage(self, title: str) -> None:
        """End the previous stage and begin another one."""
        self.done()
        self._title, self._state = title, " ..."
        self._begin = self._told_at = time.monotonic()
        if self._status is not None:
            self._status.update(self)
            self._status.start()
        else:
            self._console.print(f"  {title} ...", soft_wrap=True)

    def update(self, text: str) -> None:
        """Show the state of the present stage."""
        self._state = f": {text}"
        if self._status is not None:
            self._status.update(self)
        elif self._title and time.monotonic() - self._told_at >= _LOG_SECONDS:
            self._told_at = time.monotonic()
            self._console.print(f"    {self._told_at - self._begin:.0f} s: {text}", soft_wrap=True)

    def done(self) -> None:
        """End the present stage with success."""
        if self._title:
            self.stop()
            seconds = time.monotonic() - self._begin
            done = Text.assemble(("✓", "green"), f" {self._title} ({seconds:.1f} s)")
            self._console.print(done, soft_wrap=True)
            self._title = ""

    def stop(self) -> None:
        """Stop the animation."""
        if self._status is not None:
            self._status.stop()
