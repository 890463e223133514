"""Deletion of everything that an experiment created: after success, failure and interruption."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from tools.account_questions.account import ExperimentError, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ("Cleanup", "uninterrupted")

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_GONE: Final = frozenset({"NoSuchEntity", "ParameterNotFound", "ResourceNotFoundException", "ChangeSetNotFound"})


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM until the end of the block, then raise KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if came:
            raise KeyboardInterrupt


class Cleanup:
    """Created resources, each with the call that deletes it. They are deleted in reverse order at the end of the block.

    ``left`` names those that could not be deleted.
    """

    def __init__(self) -> None:
        self.left: list[str] = []
        self._undo: list[tuple[str, Callable[[], object]]] = []

    def make(self, what: str, create: Callable[[], T], *, undo: Callable[[T], object]) -> T:
        """Create something and remember how to delete it, with no interruption in between."""
        with uninterrupted():
            made = create()
            self._undo.append((what, lambda: undo(made)))
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with uninterrupted():
            while self._undo:
                what, undo = self._undo.pop()
                try:
                    undo()
                except ClientError as error:
                    if code_of(error) not in _GONE:
                        self.left.append(f"{what} ({error})")
                except (BotoCoreError, ExperimentError) as error:
                    self.left.append(f"{what} ({error})")
