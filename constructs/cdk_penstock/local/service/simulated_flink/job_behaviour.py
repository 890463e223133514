"""The ways in which a simulated job runs or fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

FAILS_AFTER_SECONDS: Final = 3.0
"""The time that the tasks of a job run before one fails."""
RESTARTS_AFTER_SECONDS: Final = 10.0
"""The time until Flink restarts a job that failed."""
_CYCLE_SECONDS: Final = FAILS_AFTER_SECONDS + RESTARTS_AFTER_SECONDS


@dataclass(frozen=True, kw_only=True)
class JobBehaviour:
    """A behaviour; ages are seconds since the launch.

    Parameters
    ----------
    name
        Its name.
    failures
        How often a task fails; ``math.inf`` for a job that fails again each time that Flink has restarted it.
    main_error
        The error of its ``main()``; with one, the job never comes to run.
    runs
        False if its tasks initialize without end.
    takes_checkpoints
        False if none of its checkpoints is ever complete.
    """

    name: str
    failures: float = 0.0
    main_error: str = ""
    runs: bool = True
    takes_checkpoints: bool = True

    @property
    def loops(self) -> bool:
        """True if the job fails again and again."""
        return math.isinf(self.failures)

    def failures_until(self, age: float) -> int:
        """Return how often the job has failed."""
        begun = 0 if age < FAILS_AFTER_SECONDS else int((age - FAILS_AFTER_SECONDS) // _CYCLE_SECONDS) + 1
        return int(min(begun, self.failures))

    def failure_ages(self, age: float) -> list[float]:
        """Return the ages at which the job has failed, the first one first."""
        return [FAILS_AFTER_SECONDS + number * _CYCLE_SECONDS for number in range(self.failures_until(age))]

    def is_down(self, age: float) -> bool:
        """Return True while the job waits for its restart after a failure."""
        failed = self.failures_until(age)
        return failed > 0 and age - self.failure_ages(age)[-1] < RESTARTS_AFTER_SECONDS

    def tasks_run(self, age: float) -> bool:
        """Return True while the tasks run."""
        return self.runs and not self.is_down(age)

    def checkpoints(self, age: float, interval_seconds: float) -> int:
        """Return how many checkpoints are complete."""
        return int(age // interval_seconds) if self.takes_checkpoints and self.runs and not self.loops else 0


HEALTHY: Final = JobBehaviour(name="healthy")
LOOPS: Final = JobBehaviour(name="loops", failures=math.inf)
"""Each time that its tasks run, one fails three seconds later; Flink restarts it ten seconds after that."""
FAILS_ONCE: Final = JobBehaviour(name="fails once", failures=1)
FAILS_IN_MAIN: Final = JobBehaviour(name="fails in main", main_error="ValueError: no such topic")
NEVER_RUNS: Final = JobBehaviour(name="never runs", runs=False)
"""Its tasks initialize without end."""
NO_CHECKPOINTS: Final = JobBehaviour(name="no checkpoints", takes_checkpoints=False)
