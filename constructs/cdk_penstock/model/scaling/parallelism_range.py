"""The parallelisms between which an application is scaled, and the steps from one to the next."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_penstock.model.scaling.parallelism_choice import UNKNOWN
from cdk_penstock.model.sizing import SizingError


@dataclass(frozen=True, kw_only=True)
class ParallelismRange:
    """A range of parallelisms; a step at most doubles the parallelism, and at least halves it.

    A step goes to a divisor of the job's maximum parallelism if there is one in its reach: only then does every subtask
    get the same number of key groups.

    Parameters
    ----------
    smallest, largest
        The bounds, both included.
    max_parallelism
        The maximum parallelism that the job sets, UNKNOWN if it sets none.

    Raises SizingError for a range in which nothing can be scaled.
    """

    smallest: int
    largest: int
    max_parallelism: int = UNKNOWN

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        if not 1 <= self.smallest < self.largest:
            raise SizingError(
                "scaling needs a smallest parallelism from 1 on and a larger largest one, got"
                f" {self.smallest} and {self.largest}"
            )

    def above(self, present: int) -> int | None:
        """Return the next parallelism upwards, None where the present one is the largest or above it."""
        if present >= self.largest:
            return None
        reach = min(2 * present, self.largest)
        even = [each for each in range(present + 1, reach + 1) if self._is_even(each)]
        return max(max(even, default=reach), self.smallest)

    def below(self, present: int) -> int | None:
        """Return the next parallelism downwards, None where the present one is the smallest or below it."""
        if present <= self.smallest:
            return None
        reach = max(-(-present // 2), self.smallest)
        even = [each for each in range(reach, present) if self._is_even(each)]
        return min(min(even, default=reach), self.largest)

    def _is_even(self, parallelism: int) -> bool:
        return self.max_parallelism != UNKNOWN and self.max_parallelism % parallelism == 0
