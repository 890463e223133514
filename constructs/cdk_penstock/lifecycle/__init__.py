"""Constructs that operate an application after its deployment: verified starts."""

from __future__ import annotations

from cdk_penstock.lifecycle.verified_start import VerifiedStart
from cdk_penstock.model.arguments import check_arguments

__all__ = ("VerifiedStart",)

check_arguments(globals())
