"""A part of S3's REST API, for the code of applications."""

from __future__ import annotations

from cdk_penstock.local.service.s3.service import S3

__all__ = ("S3",)
