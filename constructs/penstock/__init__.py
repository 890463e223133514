"""Constructs, packaging and operations for Apache Flink on Amazon Managed Service for Apache Flink.

Import from the sub-packages (``penstock.application``, ``penstock.model``, ...). This module holds nothing but the
version, so that a Lambda function can carry ``penstock.model`` and ``penstock.control`` without the CDK.
"""

from __future__ import annotations

__version__ = "0.1.0"
