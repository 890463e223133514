"""The evidence of a failing job, in the log of a function."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.evidence import EvidenceCollector

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.application_operation import ApplicationOperation

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)
_SECONDS: Final = 5.0
"""The rollback waits for it."""


def evidence_logger(operation: ApplicationOperation) -> Callable[[str], None]:
    """Return what logs the evidence of an application with a reason; its own log has the application's lines."""
    collector = EvidenceCollector(
        operation.client, operation.name, logs=None, clock=operation.clock, timeout_seconds=_SECONDS
    )

    def log(reason: str) -> None:
        _LOG.error("the job fails: %s", reason)
        for line in collector.collect().log_lines():
            _LOG.error(line)

    return log
