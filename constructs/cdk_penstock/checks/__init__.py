"""Checks of every synthesis, for any CDK app with applications on Managed Service for Apache Flink."""

from __future__ import annotations

from cdk_penstock.checks.key_demand import require_customer_managed_keys
from cdk_penstock.checks.msf_checks import MsfChecks, add_checks
from cdk_penstock.model.arguments import check_arguments

__all__ = ("MsfChecks", "add_checks", "require_customer_managed_keys")

check_arguments(globals())
