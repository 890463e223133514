"""Constructs, packaging and operations for Apache Flink on Amazon Managed Service for Apache Flink.

Import from the sub-packages (``cdk_penstock.application``, ``cdk_penstock.model``, ...). This module holds nothing
but the version, so that a Lambda function can carry ``cdk_penstock.model`` and ``cdk_penstock.control`` without the
CDK.
"""

from __future__ import annotations

__version__ = "0.1.0"
