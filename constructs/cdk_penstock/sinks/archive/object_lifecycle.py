"""Lifecycle of the objects of an archive: storage classes and expiry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from cdk_penstock.sinks.errors import ArchiveBucketError

_LEAST_DAYS_BEFORE_INFREQUENT_ACCESS: Final = 30
_LEAST_DAYS_IN_INFREQUENT_ACCESS: Final = 30


@dataclass(frozen=True, kw_only=True)
class ArchiveLifecycle:
    """Storage classes and expiry of the objects of an archive by age.

    Parameters
    ----------
    infrequent_access_after
        Age at which objects move to Standard-IA, 30 days or more (S3, lifecycle-transition-general-considerations).
        None: they do not. Default: 30 days.
    glacier_after
        Age at which objects move to Glacier Instant Retrieval, where a warehouse can still read them at once; 30 days
        or more after ``infrequent_access_after``. None: they do not. Default: 90 days.
    expire_after
        Age at which objects are deleted. Default: None, never.
    noncurrent_versions_expire_after
        Time for which an overwritten or deleted object can be restored. When its last version is gone, S3 removes the
        delete marker as well. Default: 30 days.
    abort_incomplete_uploads_after
        Age at which the parts of incomplete uploads are deleted. Flink's file sink completes uploads that are in a
        snapshot, so a job fails to restore an older snapshot. Default: 14 days.

    Raises ArchiveBucketError for an order that S3 refuses.
    """

    infrequent_access_after: Duration | None = field(default_factory=lambda: Duration.days(30))
    glacier_after: Duration | None = field(default_factory=lambda: Duration.days(90))
    expire_after: Duration | None = None
    noncurrent_versions_expire_after: Duration = field(default_factory=lambda: Duration.days(30))
    abort_incomplete_uploads_after: Duration = field(default_factory=lambda: Duration.days(14))

    def __post_init__(self) -> None:
        """Refuse what S3 would refuse."""
        infrequent = _days("infrequent_access_after", self.infrequent_access_after)
        glacier = _days("glacier_after", self.glacier_after)
        expiry = _days("expire_after", self.expire_after)
        _days("noncurrent_versions_expire_after", self.noncurrent_versions_expire_after, least=1)
        _days("abort_incomplete_uploads_after", self.abort_incomplete_uploads_after, least=1)
        if infrequent is not None and infrequent < _LEAST_DAYS_BEFORE_INFREQUENT_ACCESS:
            raise ArchiveBucketError(
                f"infrequent_access_after must be {_LEAST_DAYS_BEFORE_INFREQUENT_ACCESS} days or more, got"
                f" {infrequent}: S3 moves no younger object to Standard-IA"
            )
        if infrequent is not None and glacier is not None and glacier - infrequent < _LEAST_DAYS_IN_INFREQUENT_ACCESS:
            raise ArchiveBucketError(
                f"glacier_after must be {_LEAST_DAYS_IN_INFREQUENT_ACCESS} days or more after infrequent_access_after,"
                f" got {glacier} after {infrequent}: raise it, or set infrequent_access_after to None"
            )
        last = max((days for days in (infrequent, glacier) if days is not None), default=0)
        if expiry is not None and expiry <= last:
            raise ArchiveBucketError(
                f"expire_after must be later than the last transition, got {expiry} days with one after {last}: raise"
                " it, or set the transition to None"
            )

    def rules(self) -> list[s3.LifecycleRule]:
        """Return the bucket's lifecycle rules."""
        transitions = [
            s3.Transition(storage_class=storage_class, transition_after=after)
            for storage_class, after in (
                (s3.StorageClass.INFREQUENT_ACCESS, self.infrequent_access_after),
                (s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, self.glacier_after),
            )
            if after is not None
        ]
        return [
            s3.LifecycleRule(
                id="OldData",
                transitions=transitions or None,
                expiration=self.expire_after,
                # With an expiry, S3 removes these markers by itself and refuses both (S3, intro-lifecycle-rules).
                expired_object_delete_marker=True if self.expire_after is None else None,
                noncurrent_version_expiration=self.noncurrent_versions_expire_after,
                abort_incomplete_multipart_upload_after=self.abort_incomplete_uploads_after,
            )
        ]


def _days(name: str, duration: Duration | None, *, least: int = 0) -> int | None:
    """Return whole days, None if they are known only at deployment; raise ArchiveBucketError for other numbers."""
    if duration is None or duration.is_unresolved():
        return None
    days = duration.to_days(integral=False)
    if days < least or days != int(days):
        raise ArchiveBucketError(f"{name} must be a whole number of days from {least} on, got {days:g}")
    return int(days)
