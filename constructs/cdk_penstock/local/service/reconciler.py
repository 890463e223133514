"""The thread that carries on what calls have begun."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from cdk_penstock.local.service.snapshot_work import carry_on_snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.msf import Msf


_LOG = logging.getLogger(__name__)
_BUSY_SECONDS = 0.05
_QUIET_SECONDS = 0.5


class Reconciler:
    """Looks at all applications and snapshots that have something to do, often while something changes.

    Parameters
    ----------
    msf
        The service.
    """

    def __init__(self, msf: Msf) -> None:
        self._msf = msf
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once the present look is over."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            is_busy = False
            for each in self._msf.store.active_applications():
                arn = each.arn
                is_busy |= self._carried(arn, partial(self._msf.carry_on, arn)) or each.transit is not None
            is_busy |= self._carried("snapshots of accounts", partial(carry_on_snapshots, self._msf))
            self._msf.begun.wait(_BUSY_SECONDS if is_busy else _QUIET_SECONDS)
            self._msf.begun.clear()

    @staticmethod
    def _carried(name: str, carry_on: Callable[[], bool]) -> bool:
        try:
            return carry_on()
        except Exception:  # noqa: BLE001 - one application's trouble must not end the service of all others
            _LOG.exception("%s could not be carried on; the next look tries again", name)
            return False
