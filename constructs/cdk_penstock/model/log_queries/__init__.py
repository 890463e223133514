"""Saved queries of CloudWatch Logs Insights over an application's log, and the filter for unexpected transitions."""

from __future__ import annotations

from cdk_penstock.model.log_queries.application_queries import APPLICATION_QUERIES
from cdk_penstock.model.log_queries.log_query import LogQuery
from cdk_penstock.model.log_queries.transition_filter import UNEXPECTED_TRANSITIONS

__all__ = ("APPLICATION_QUERIES", "UNEXPECTED_TRANSITIONS", "LogQuery")
