"""Checks of synthesized templates, for any CDK app with applications on Managed Service for Apache Flink.

What reads templates only, as the command line does, is imported without the CDK, which takes a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.review.findings import Finding

if TYPE_CHECKING:
    from cdk_penstock.review.msf_checks import MsfChecks, add_checks

__all__ = ("Finding", "MsfChecks", "add_checks")

check_arguments(globals())


def __getattr__(name: str) -> object:
    if name in {"MsfChecks", "add_checks"}:
        return getattr(import_module("cdk_penstock.review.msf_checks"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
