"""Limits of MSF's automatic scaling, as pure decisions.

MSF doubles the parallelism, and stops where the KPUs reach the account's quota or where a doubling would exceed the
job's own maximum parallelism (managed-flink, how-scaling-auto and "maxParallelism considerations"). There is no other
limit, in particular none in an application's configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS, ORCHESTRATION_KPUS, SizingError

if TYPE_CHECKING:
    from cdk_penstock.model.sizing import Sizing


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """The automatic scaling of an application of this size, within MSF's limits.

    Parameters
    ----------
    sizing
        The initial size, which is the smallest one too. Scaling must stay within its ``max_kpus``.
    max_parallelism
        The maximum parallelism that the job's code sets. Default: unknown.

    Raises SizingError if it could exceed ``max_kpus``, or could not scale even once.
    """

    sizing: Sizing
    max_parallelism: int | None = None

    def __post_init__(self) -> None:
        """Refuse a limit that MSF does not keep, and scaling without room."""
        sizing = self.sizing
        if self.max_parallelism is not None:
            sizing.check_max_parallelism(self.max_parallelism)
        if self.largest_kpus > sizing.max_kpus:
            fitting = sizing.largest_parallelism // sizing.parallelism * sizing.parallelism
            raise SizingError(
                f"autoscaling could reach {self.largest_kpus} KPUs, got max_kpus {sizing.max_kpus}: only the account's"
                " quota and the maximum parallelism that the job sets limit MSF: switch autoscaling"
                f" off, or let the job set a maximum parallelism of at most {fitting} and pass it as max_parallelism"
            )
        if self.largest_parallelism == sizing.parallelism:
            job = "" if self.max_parallelism is None else f" and the job's maximum parallelism {self.max_parallelism}"
            raise SizingError(
                f"autoscaling doubles the parallelism {sizing.parallelism}, but {sizing.max_kpus} KPUs{job} leave no"
                " room for it: switch it off or raise them"
            )

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
        """The KPUs on the bill after the last doubling, with the one for orchestration."""
        return self.largest_kpus + ORCHESTRATION_KPUS

    @property
    def _most_parallelism(self) -> int:
        """The limit that MSF keeps."""
        quota_kpus = max(self.sizing.max_kpus, DEFAULT_MAX_KPUS)
        by_quota = quota_kpus * self.sizing.parallelism_per_kpu
        return by_quota if self.max_parallelism is None else min(by_quota, self.max_parallelism)
