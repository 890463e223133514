"""Kinesis Processing Units (KPU) of an application: their number, each task's share, and their monthly cost.

Sources: managed-flink, how-scaling and limits, and the pricing page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

from cdk_penstock.model.errors import PenstockError

MAX_PARALLELISM_PER_KPU: Final = 8
DEFAULT_MAX_KPUS: Final = 64
"""MSF's default quota of KPUs per application, L-3A88E041; it can be raised."""

KPU_MEMORY_MIB: Final = 4096
KPU_RUNNING_STORAGE_GIB: Final = 50
ORCHESTRATION_KPUS: Final = 1
HOURS_PER_MONTH: Final = 730

_FLINK_MIN_MAX_PARALLELISM: Final = 128
_FLINK_MAX_MAX_PARALLELISM: Final = 32768


class SizingError(PenstockError):
    """A size that MSF would refuse, or that could not be scaled or restored later."""


@dataclass(frozen=True, kw_only=True)
class PriceTable:
    """Prices in US dollars; the defaults are the list prices of us-east-1, replace them by your Region's or contract's.

    Parameters
    ----------
    kpu_hour_usd
        One KPU for one hour.
    running_storage_gb_month_usd
        One gigabyte of running application storage for a month; every KPU but the orchestration one has 50.
    durable_storage_gb_month_usd
        One gigabyte of snapshots for a month.
    """

    kpu_hour_usd: float = 0.11
    running_storage_gb_month_usd: float = 0.10
    durable_storage_gb_month_usd: float = 0.023

    def __post_init__(self) -> None:
        """Refuse an impossible price; raises SizingError."""
        for field in fields(self):
            _check_amount(field.name, getattr(self, field.name))


@dataclass(frozen=True, kw_only=True)
class MonthlyCost:
    """Cost of an application that runs the whole month (730 hours) at one parallelism, in US dollars."""

    kpus_usd: float
    running_storage_usd: float
    snapshots_usd: float

    @property
    def total_usd(self) -> float:
        """The sum of the parts."""
        return self.kpus_usd + self.running_storage_usd + self.snapshots_usd


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """Parallelism and parallelism per KPU, checked against MSF's quotas, and the figures that follow from them.

    Parameters
    ----------
    parallelism
        Subtasks of each operator; at least 1.
    parallelism_per_kpu
        Subtasks that share one KPU, 1 to 8.
    max_kpus
        The most KPUs that run tasks: your limit, or the account's quota per application, 64 unless it was raised.

    Raises SizingError for a value out of range, or when the KPUs exceed ``max_kpus``.
    """

    parallelism: int = 1
    parallelism_per_kpu: int = 1
    max_kpus: int = DEFAULT_MAX_KPUS

    def __post_init__(self) -> None:
        """Refuse what MSF would refuse."""
        if self.parallelism < 1:
            raise SizingError(f"parallelism must be at least 1, got {self.parallelism}")
        if self.parallelism > _FLINK_MAX_MAX_PARALLELISM:
            raise SizingError(
                f"parallelism must be at most {_FLINK_MAX_MAX_PARALLELISM}, as in Flink, got {self.parallelism}"
            )
        if not 1 <= self.parallelism_per_kpu <= MAX_PARALLELISM_PER_KPU:
            raise SizingError(
                f"parallelism per KPU must be 1 to {MAX_PARALLELISM_PER_KPU}, got {self.parallelism_per_kpu}"
            )
        if self.max_kpus < 1:
            raise SizingError(f"max_kpus must be at least 1, got {self.max_kpus}")
        if self.kpus > self.max_kpus:
            denser = "" if self.parallelism_per_kpu == MAX_PARALLELISM_PER_KPU else " raise the parallelism per KPU,"
            raise SizingError(
                f"parallelism {self.parallelism} at {self.parallelism_per_kpu} per KPU needs {self.kpus} KPUs, max_kpus"
                f" is {self.max_kpus}: lower the parallelism,{denser} or raise max_kpus, above {DEFAULT_MAX_KPUS} after"
                " the account's quota was raised (Service Quotas L-3A88E041)"
            )

    @property
    def kpus(self) -> int:
        """KPUs that run tasks: parallelism over parallelism per KPU, rounded up."""
        return -(-self.parallelism // self.parallelism_per_kpu)

    @property
    def billed_kpus(self) -> int:
        """KPUs on the bill: those that run tasks and one for orchestration."""
        return self.kpus + ORCHESTRATION_KPUS

    @property
    def memory_per_slot_mib(self) -> int:
        """Memory of each subtask on a KPU, in MiB."""
        return KPU_MEMORY_MIB // self.parallelism_per_kpu

    @property
    def largest_parallelism(self) -> int:
        """The largest parallelism that fits into ``max_kpus``."""
        return self.max_kpus * self.parallelism_per_kpu

    @property
    def recommended_max_parallelism(self) -> int:
        """A maximum parallelism for the job: a multiple of its parallelism, so that key groups spread evenly.

        It is the smallest power-of-two multiple that reaches 128, Flink's own minimum, and so leaves room to double a
        few times, which is how autoscaling grows.
        """
        multiple = self.parallelism
        while multiple < _FLINK_MIN_MAX_PARALLELISM:
            multiple *= 2
        return multiple

    @property
    def default_max_parallelism(self) -> int:
        """The maximum parallelism of a job that sets none (Flink, KeyGroupRangeAssignment).

        Flink takes it from the parallelism of the first start, and keeps it in all snapshots.
        """
        rounded_up = 1 << (self.parallelism + self.parallelism // 2 - 1).bit_length()
        return min(max(rounded_up, _FLINK_MIN_MAX_PARALLELISM), _FLINK_MAX_MAX_PARALLELISM)

    def scaled_to(self, parallelism: int, *, max_parallelism: int | None) -> Sizing:
        """Return the size of the same application at another parallelism.

        Parameters
        ----------
        parallelism
            The other parallelism.
        max_parallelism
            The maximum parallelism that the job sets; None if it sets none.

        Raises SizingError if it needs too many KPUs, or if the job could not be scaled to it.
        """
        scaled = Sizing(parallelism=parallelism, parallelism_per_kpu=self.parallelism_per_kpu, max_kpus=self.max_kpus)
        if max_parallelism is not None:
            scaled.check_max_parallelism(max_parallelism)
        elif parallelism > self.default_max_parallelism:
            raise SizingError(
                f"a job that starts at parallelism {self.parallelism} and sets no maximum parallelism can be scaled to"
                f" {self.default_max_parallelism} at most, as in Flink, got {parallelism}: lower it, or let the job set"
                " a maximum parallelism and pass it as max_parallelism"
            )
        return scaled

    def check_max_parallelism(self, max_parallelism: int) -> int:
        """Return the job's maximum parallelism, or raise SizingError if the job could not use it.

        It must be a multiple of the parallelism and at most 32768. Changing it makes
        every earlier snapshot unusable, so it is worth setting once, with room.
        """
        if max_parallelism > _FLINK_MAX_MAX_PARALLELISM:
            raise SizingError(
                f"maximum parallelism must be at most {_FLINK_MAX_MAX_PARALLELISM}, got {max_parallelism}"
            )
        if max_parallelism < self.parallelism or max_parallelism % self.parallelism:
            raise SizingError(
                f"maximum parallelism must be a multiple of the parallelism {self.parallelism}, got {max_parallelism}:"
                f" use {self.recommended_max_parallelism}"
            )
        return max_parallelism

    def monthly_cost(self, prices: PriceTable | None = None, *, snapshot_gb: float = 0.0) -> MonthlyCost:
        """Return the cost of running the whole month at this size, with snapshots of ``snapshot_gb`` kept all month."""
        _check_amount("snapshot_gb", snapshot_gb)
        table = prices or PriceTable()
        return MonthlyCost(
            kpus_usd=self.billed_kpus * HOURS_PER_MONTH * table.kpu_hour_usd,
            running_storage_usd=self.kpus * KPU_RUNNING_STORAGE_GIB * table.running_storage_gb_month_usd,
            snapshots_usd=snapshot_gb * table.durable_storage_gb_month_usd,
        )


def _check_amount(name: str, amount: float) -> None:
    if not 0 <= amount < math.inf:
        raise SizingError(f"{name} must be a number from 0 on, got {amount}")
