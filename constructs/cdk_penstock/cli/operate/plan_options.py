"""Options that all plans of ``penstock app`` have, and the exit codes of their ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.health import HealthRules
from cdk_penstock.model.lifecycle.planning import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_REFUSED: Final = 5
EXIT_INTERRUPTED: Final = 130
EXIT_CODES: Final[Mapping[Outcome, int]] = {
    Outcome.VERIFIED: 0,
    Outcome.DONE: 0,
    Outcome.FAILED: 1,
    Outcome.ROLLED_BACK: 3,
    Outcome.RESTORED: 4,
    Outcome.REFUSED: EXIT_REFUSED,
}
EXIT_CODES_TEXT: Final = (
    "Exit codes: 0 verified, or done; 1 failed, with a message; 2 wrong arguments; 3 the change failed and was rolled"
    " back; 4 the change failed, and the version before was put back and started from its snapshot; 5 refused, nothing"
    " was changed; 130 interrupted, the same command continues."
)
_DEFAULT_TRANSIT: Final = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """The options of a changing command.

    Parameters
    ----------
    dry_run
        True to plan only.
    as_json
        True to print JSON.
    stable_seconds
        The time for which the job must run without a failure; None for that of its checkpoint interval.
    timeout_minutes
        The longest time for an operation; None for the defaults.
    evidence_folder
        The folder in which evidence is saved.
    """

    dry_run: bool = False
    as_json: bool = False
    stable_seconds: int | None = None
    timeout_minutes: int | None = None
    evidence_folder: Path = Path()

    @property
    def transit(self) -> timedelta:
        """The longest time for an operation of MSF."""
        return _DEFAULT_TRANSIT if self.timeout_minutes is None else timedelta(minutes=self.timeout_minutes)

    def rules_for(self, checkpoint_interval_seconds: float | None) -> HealthRules:
        """Return the evidence that a job has to give."""
        rules = HealthRules.for_checkpoints(checkpoint_interval_seconds, stable_seconds=self.stable_seconds)
        if self.timeout_minutes is None:
            return rules
        initializing = 60.0 * self.timeout_minutes
        later = initializing - rules.initializing_seconds
        return replace(
            rules, initializing_seconds=initializing, checkpoint_seconds=max(rules.checkpoint_seconds + later, 1)
        )
