"""What the resources of templates cost a month."""

from __future__ import annotations

from cdk_penstock.review.cost.estimator import estimate_templates

__all__ = ("estimate_templates",)
