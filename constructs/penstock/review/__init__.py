"""Checks of synthesized templates, for any CDK app with applications on Managed Service for Apache Flink."""

from __future__ import annotations

from penstock.review.findings import Finding
from penstock.review.msf_checks import MsfChecks, add_checks

__all__ = ("Finding", "MsfChecks", "add_checks")
