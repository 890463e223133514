"""Monthly cost of an environment: prices, assumptions, and the arithmetic between them."""

from __future__ import annotations

from cdk_penstock.model.cost.estimate import CostLine, Estimate, NotEstimated
from cdk_penstock.model.cost.prices import PriceError, Prices, prices_from_toml
from cdk_penstock.model.cost.usage import Usage, UsageError

__all__ = (
    "CostLine",
    "Estimate",
    "NotEstimated",
    "PriceError",
    "Prices",
    "Usage",
    "UsageError",
    "prices_from_toml",
)
