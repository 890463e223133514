"""Base of the servers of the local pipeline."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final, Self

from cdk_penstock.local.processes import Command, ManagedProcess, wait_until
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from pathlib import Path

_STOP_TIMEOUT_SECONDS: Final = 5.0  # what a server would still flush is deleted anyway


class LocalService(ABC):
    """A server as a context manager: ready inside of it, stopped behind it, however it is left.

    Several servers start faster together: call :meth:`start` of each, then :meth:`wait_ready` of each.
    """

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start its processes, without waiting for them."""

    @abstractmethod
    def wait_ready(self) -> None:
        """Wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop whatever of it runs; it may be called at any time, and again."""


class ProcessService(LocalService):
    """A server that is one process on loopback.

    Parameters
    ----------
    folder
        Its configuration, data and log. The log stays.
    port
        The port for clients, 0 for a free port.
    cache
        Downloads are kept there between runs. Default: the user's cache folder.
    keep_data
        True to go on with the data of an earlier server in the folder, and to keep them at the stop.
    """

    name: ClassVar[str]
    start_timeout_seconds: ClassVar[float]
    data_folders: ClassVar[tuple[str, ...]] = ("data",)

    def __init__(self, folder: Path, *, port: int = 0, cache: Path | None = None, keep_data: bool = False) -> None:
        self._folder = folder
        self._wanted_port = port
        self._cache = cache
        self._keep_data = keep_data
        self._port = 0
        self._process: ManagedProcess | None = None

    @property
    def process(self) -> ManagedProcess | None:
        """Its process, ``None`` if it does not run."""
        return self._process

    @property
    def log_file(self) -> Path:
        """Its warnings and errors."""
        return self._folder / f"{self.name}.log"

    @abstractmethod
    def answers(self) -> bool:
        """Return True if it answers a request now."""

    def _command(self, name: str, arguments: list[str]) -> Command:
        return Command(name=name, arguments=arguments, log_file=self.log_file, folder=self._folder)

    def _start(self, arguments: list[str]) -> None:
        with defer_stop_signals():
            self._process = ManagedProcess(self._command(self.name, arguments)).start()

    def wait_ready(self) -> None:
        """Wait until it answers; raise ProcessDiedError if it ends, StartTimeoutError if it takes too long."""
        processes = [] if self._process is None else [self._process]
        seconds = self.start_timeout_seconds
        wait_until(self.answers, what=f"{self.name} to answer", timeout_seconds=seconds, processes=processes)

    def stop(self) -> None:
        """Stop it and delete its data, unless they are kept; its log stays."""
        with defer_stop_signals():
            if self._process is not None:
                self._process.stop(timeout_seconds=_STOP_TIMEOUT_SECONDS)
                self._process = None
            for name in () if self._keep_data else self.data_folders:
                shutil.rmtree(self._folder / name, ignore_errors=True)
