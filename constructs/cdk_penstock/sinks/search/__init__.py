"""Amazon OpenSearch Service: domains, their roles and their content."""

from __future__ import annotations

from cdk_penstock.foundation.grants import GrantError
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.search_content import ContentError
from cdk_penstock.sinks.errors import SearchDomainError
from cdk_penstock.sinks.search.capacity import SearchCapacity
from cdk_penstock.sinks.search.domain import SearchDomain
from cdk_penstock.sinks.search.domain_base import ISearchDomain

__all__ = (
    "ContentError",
    "GrantError",
    "ISearchDomain",
    "SearchCapacity",
    "SearchDomain",
    "SearchDomainError",
)

check_arguments(globals())
