"""Progress of the pipeline, for any listener."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what happens, from the thread that does the work."""

    def stage(self, title: str) -> None:
        """Take note that a new stage begins, and so that the one before it has ended well."""

    def update(self, text: str) -> None:
        """Take note of where the present stage stands; called up to a few times a second."""


class SilentProgress:
    """Listens to nothing."""

    def stage(self, title: str) -> None:
        """Ignore the stage."""

    def update(self, text: str) -> None:
        """Ignore the text."""
