"""Errors of archives and search domains."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class ArchiveBucketError(PenstockError):
    """A property of an archive that S3 or SQS would refuse, or that would lose data."""


class SearchDomainError(PenstockError):
    """A property of a search domain that OpenSearch Service would refuse, or that would lose data."""
