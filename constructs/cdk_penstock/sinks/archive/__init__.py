"""Archives of events in S3."""

from __future__ import annotations

from cdk_penstock.foundation.grants import GrantError
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.sinks.archive.bucket import ArchiveBucket
from cdk_penstock.sinks.archive.bucket_base import IArchiveBucket
from cdk_penstock.sinks.archive.notifications import ArchiveNotifications
from cdk_penstock.sinks.archive.object_lifecycle import ArchiveLifecycle
from cdk_penstock.sinks.errors import ArchiveBucketError

__all__ = (
    "ArchiveBucket",
    "ArchiveBucketError",
    "ArchiveLifecycle",
    "ArchiveNotifications",
    "GrantError",
    "IArchiveBucket",
)

check_arguments(globals())
