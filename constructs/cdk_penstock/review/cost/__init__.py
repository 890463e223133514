"""Monthly cost of the resources of templates."""

from __future__ import annotations

from cdk_penstock.review.cost.estimator import estimate_templates

__all__ = ("estimate_templates",)
