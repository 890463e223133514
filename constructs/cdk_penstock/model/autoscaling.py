"""The reach of MSF's own scaling, and the limits that it keeps: pure decisions.

MSF doubles the parallelism, and ends where the KPUs reach the account's quota or where a doubling would exceed the
job's own maximum parallelism (managed-flink, how-scaling-auto and "maxParallelism considerations"). There is no other
limit: nothing in an application's configuration is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS, ORCHESTRATION_KPUS, SizingError

if TYPE_CHECKING:
    from cdk_penstock.model.sizing import Sizing

__all__ = ("Autoscaling",)


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """The automatic scaling of an application of this size, held by what MSF is held by.

    Parameters
    ----------
    sizing
        The size that it begins with, and never goes below. Its ``max_kpus`` is what it must stay within.
    max_parallelism
        The maximum parallelism that the job's code sets; None where nobody says so.

    Raises SizingError where it could exceed ``max_kpus``, and where it could not even scale once.
    """

    sizing: Sizing
    max_parallelism: int | None = None

    def __post_init__(self) -> None:
        """Refuse a limit that nothing holds, and scaling without room."""
        sizing = self.sizing
        if self.max_parallelism is not None:
            sizing.check_max_parallelism(self.max_parallelism)
        if self.largest_kpus > sizing.max_kpus:
            fitting = sizing.largest_parallelism // sizing.parallelism * sizing.parallelism
            message = (
                f"autoscaling could reach {self.largest_kpus} KPUs, got max_kpus {sizing.max_kpus}: MSF is held by the"
                " account's quota and by the maximum parallelism that the job sets, by nothing else; switch autoscaling"
                f" off, or let the job set a maximum parallelism of at most {fitting} and pass it as max_parallelism"
            )
            raise SizingError(message)
        if self.largest_parallelism == sizing.parallelism:
            message = (
                f"autoscaling doubles the parallelism {sizing.parallelism}, which neither the job's maximum parallelism"
                f" {self.max_parallelism} nor {sizing.max_kpus} KPUs leave room for: switch it off, or raise them"
            )
            raise SizingError(message)

    @property
    def largest_parallelism(self) -> int:
        """The parallelism after the last doubling."""
        parallelism = self.sizing.parallelism
        while 2 * parallelism <= self._most_parallelism:
            parallelism *= 2
        return parallelism

    @property
    def largest_kpus(self) -> int:
        """The KPUs after the last doubling, without the one for orchestration."""
        return -(-self.largest_parallelism // self.sizing.parallelism_per_kpu)

    @property
    def most_billed_kpus(self) -> int:
        """Those on the bill then: with the one for orchestration."""
        return self.largest_kpus + ORCHESTRATION_KPUS

    @property
    def _most_parallelism(self) -> int:
        """The limit that MSF keeps."""
        quota_kpus = max(self.sizing.max_kpus, DEFAULT_MAX_KPUS)
        by_quota = quota_kpus * self.sizing.parallelism_per_kpu
        return by_quota if self.max_parallelism is None else min(by_quota, self.max_parallelism)
