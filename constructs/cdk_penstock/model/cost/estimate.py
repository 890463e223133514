"""An estimate: lines of quantity times price, and resources without an estimate."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One line of a bill.

    Parameters
    ----------
    service, resource
        The AWS service, and the resource as its template calls it.
    item, unit
        The thing that is paid for, and the unit of its quantity.
    quantity
        The quantity in a month.
    unit_price_usd
        The price of one unit.
    """

    service: str
    resource: str
    item: str
    quantity: float
    unit: str
    unit_price_usd: float

    @property
    def monthly_usd(self) -> float:
        """Quantity times price."""
        return self.quantity * self.unit_price_usd


def cost_lines(service: str, resource: str, amounts: Iterable[tuple[str, float, str, float]]) -> list[CostLine]:
    """Return the lines of one resource, each from its item, quantity, unit and price."""
    return [
        CostLine(service=service, resource=resource, item=item, quantity=quantity, unit=unit, unit_price_usd=price)
        for item, quantity, unit, price in amounts
    ]


@dataclass(frozen=True, kw_only=True)
class NotEstimated:
    """A resource that costs money, or may, with the reason that its cost is unknown."""

    resource: str
    type: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Monthly cost of resources, as far as it is known."""

    lines: tuple[CostLine, ...]
    not_estimated: tuple[NotEstimated, ...]

    @property
    def total_usd(self) -> float:
        """The sum of all lines, without the resources that are not estimated."""
        return fsum(line.monthly_usd for line in self.lines)

    @property
    def by_service(self) -> Mapping[str, float]:
        """The sum of each service's lines, the most expensive first."""
        amounts: dict[str, list[float]] = defaultdict(list)
        for line in self.lines:
            amounts[line.service].append(line.monthly_usd)
        return dict(sorted(((name, fsum(parts)) for name, parts in amounts.items()), key=lambda each: -each[1]))
