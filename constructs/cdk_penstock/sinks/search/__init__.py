"""Amazon OpenSearch Service: domains, their roles and their content."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.search_content import ContentError
from cdk_penstock.sinks.errors import SearchDomainError, SinkGrantError
from cdk_penstock.sinks.search.capacity import SearchCapacity
from cdk_penstock.sinks.search.domain import SearchDomain
from cdk_penstock.sinks.search.domain_base import ISearchDomain

__all__ = (
    "ContentError",
    "ISearchDomain",
    "SearchCapacity",
    "SearchDomain",
    "SearchDomainError",
    "SinkGrantError",
)

check_arguments(globals())
