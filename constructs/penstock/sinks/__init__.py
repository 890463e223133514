"""Constructs that take what a job has made: archives in S3, search domains."""

from __future__ import annotations

from penstock.model.arguments import check_arguments
from penstock.sinks.archive_bucket import ArchiveBucket
from penstock.sinks.archive_bucket_base import IArchiveBucket
from penstock.sinks.archive_lifecycle import ArchiveLifecycle
from penstock.sinks.archive_notifications import ArchiveNotifications
from penstock.sinks.errors import ArchiveBucketError, SearchDomainError, SinkGrantError
from penstock.sinks.search_capacity import SearchCapacity
from penstock.sinks.search_domain import SearchDomain
from penstock.sinks.search_domain_base import ISearchDomain

__all__ = (
    "ArchiveBucket",
    "ArchiveBucketError",
    "ArchiveLifecycle",
    "ArchiveNotifications",
    "IArchiveBucket",
    "ISearchDomain",
    "SearchCapacity",
    "SearchDomain",
    "SearchDomainError",
    "SinkGrantError",
)

check_arguments(globals())
