"""The base of every error that penstock raises on purpose.

An error has a class only where somebody catches it or a package exports it::

    PenstockError
        StreamError                 streams.kinesis, streams.kafka, sinks.firehose
        ArchiveBucketError          sinks.archive
        SearchDomainError           sinks.search
        GrantError                  sinks.archive, sinks.search
        NetworkError                network
        MetricsWorkspaceError       observability
        DashboardWorkspaceError     observability
        DashboardError              observability
"""

from __future__ import annotations

__all__ = ("PenstockError",)


class PenstockError(Exception):
    """Something that the caller can mend; the message says what was got, what was expected and the fix."""
