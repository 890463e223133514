"""Savepoints that were asked for: begun once the job can take them, and followed to their end."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import uuid4

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.service.flink.running_job import answered_error
from cdk_penstock.model.lifecycle.flink_answers import java_error
from cdk_penstock.model.lifecycle.observed_job import SavedState, SaveState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.local.rest import JsonClient


NAME_LENGTH = 100
FILE_SCHEME = "file:"
IN_PROGRESS = SavedState(state=SaveState.IN_PROGRESS)


@dataclass
class _Save:
    """A savepoint that is not done: ``path`` is that of Flink's operation once it is begun."""

    folder: Path
    stop: bool
    path: str = ""


def _complete(folder: Path) -> Iterator[tuple[str, SavedState]]:
    """Yield the savepoints of an earlier process that are complete: Flink writes the metadata last."""
    for metadata in folder.glob("*/*/_metadata"):
        location = metadata.parent
        snapshot = location.parent.name.rpartition("-")[0]
        yield snapshot, SavedState(state=SaveState.DONE, location=str(location), size_bytes=_size(location))


def _size(location: Path) -> int:
    return sum(file.stat().st_size for file in location.rglob("*") if file.is_file())


class Saves:
    """The savepoints of one application; any thread may ask for one, and only one thread carries them out.

    Parameters
    ----------
    folder
        Where each snapshot gets a folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._open: dict[str, _Save] = {}
        self._states: dict[str, SavedState] = dict(_complete(folder))

    @property
    def pending(self) -> bool:
        """True if a savepoint is not done."""
        return bool(self._open)

    @property
    def states(self) -> Mapping[str, SavedState]:
        """The state of each savepoint that was asked for."""
        with self._lock:
            return MappingProxyType(dict(self._states))

    def ask(self, snapshot: str, *, stop: bool) -> None:
        """Ask for a savepoint; one that is in progress, or done and not deleted, stays as it is."""
        with self._lock:
            known = self._states.get(snapshot)
            if snapshot in self._open or (known is not None and known.location and Path(known.location).exists()):
                return
            # The name alone may be too long for a folder, or be "..".
            folder = self._folder / f"{snapshot[:NAME_LENGTH]}-{uuid4().hex[:8]}"
            self._open[snapshot] = _Save(folder=folder, stop=stop)
            self._states[snapshot] = IN_PROGRESS

    def fail_all(self, error: str) -> None:
        """Give up all savepoints that are not done."""
        for snapshot, save in self._open_saves():
            self._fail(snapshot, save, error)

    def fail_waiting(self, error: str) -> None:
        """Give up the savepoints that are not begun: the job cannot take any."""
        for snapshot, save in self._open_saves():
            if not save.path:
                self._fail(snapshot, save, error)

    def _open_saves(self) -> list[tuple[str, _Save]]:
        with self._lock:
            return list(self._open.items())

    def _fail(self, snapshot: str, save: _Save, error: str) -> None:
        shutil.rmtree(save.folder, ignore_errors=True)
        self._end(snapshot, SavedState(state=SaveState.FAILED, error=error))

    def _end(self, snapshot: str, state: SavedState) -> None:
        with self._lock:
            del self._open[snapshot]
            self._states[snapshot] = state

    def advance(self, client: JsonClient, job: str, *, ready: bool) -> None:
        """Begin savepoints and see whether those that are begun are done.

        Parameters
        ----------
        client
            Speaks with the cluster.
        job
            The path of the job.
        ready
            True if all tasks of the job run, so that it can take a savepoint.
        """
        for snapshot, save in self._open_saves():
            try:
                if save.path:
                    self._follow(snapshot, save, client.get(save.path))
                elif ready:
                    save.path = self._begin(client, job, save)
            except RestError as error:
                self._fail(snapshot, save, answered_error(error))

    @staticmethod
    def _begin(client: JsonClient, job: str, save: _Save) -> str:
        save.folder.mkdir(parents=True, exist_ok=True)
        # Flink neither encodes nor decodes the special characters of a path, unlike Path.as_uri().
        target = f"{FILE_SCHEME}//{save.folder}"
        if save.stop:
            answer = client.send("POST", f"{job}/stop", {"targetDirectory": target, "drain": False})
        else:
            answer = client.send("POST", f"{job}/savepoints", {"target-directory": target, "cancel-job": False})
        return f"{job}/savepoints/{answer['request-id']}"

    def _follow(self, snapshot: str, save: _Save, answer: Mapping[str, object]) -> None:
        status, operation = answer["status"], answer.get("operation")
        if not isinstance(status, dict) or status["id"] != "COMPLETED" or not isinstance(operation, dict):
            return
        cause = operation.get("failure-cause")
        if cause is not None:
            self._fail(snapshot, save, java_error(str(cause["stack-trace"])))
            return
        location = Path(str(operation["location"]).removeprefix(FILE_SCHEME))
        self._end(snapshot, SavedState(state=SaveState.DONE, location=str(location), size_bytes=_size(location)))
