"""Archives of events in S3."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.sinks.archive.bucket import ArchiveBucket
from cdk_penstock.sinks.archive.bucket_base import IArchiveBucket
from cdk_penstock.sinks.archive.notifications import ArchiveNotifications
from cdk_penstock.sinks.archive.object_lifecycle import ArchiveLifecycle
from cdk_penstock.sinks.errors import ArchiveBucketError, SinkGrantError

__all__ = (
    "ArchiveBucket",
    "ArchiveBucketError",
    "ArchiveLifecycle",
    "ArchiveNotifications",
    "IArchiveBucket",
    "SinkGrantError",
)

check_arguments(globals())
