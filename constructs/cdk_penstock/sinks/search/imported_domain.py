"""Import of search domains."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import Annotations, ArnFormat, Stack, Token
from aws_cdk import aws_ec2 as ec2

from cdk_penstock.foundation.elsewhere import is_of_other_region, warn_of_other_account
from cdk_penstock.foundation.references import splittable
from cdk_penstock.sinks.errors import SearchDomainError
from cdk_penstock.sinks.search.domain_base import HTTPS_PORT, SearchDomainBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from constructs import Construct, IConstruct

MAPPING_WARNING: Final = "penstock:unmappedRole"

_ENDPOINT: Final = re.compile(
    r"(?:https://)?(?:vpc|search)-(?P<name>[a-z][a-z0-9-]{2,27})-[a-z0-9]{26}"
    r"\.(?:aos\.)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])\.)?.+"
)
_ARN: Final = re.compile(r"arn:[^:]+:es:[^:]+:[^:]+:domain/[^/]+")


@jsii.implements(ec2.IConnectable)
class ImportedSearchDomain(SearchDomainBase):
    """A domain that was created outside of this app, and whose owner has the master user."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_arn: str,
        domain_endpoint: str,
        security_groups: Sequence[ec2.ISecurityGroup],
    ) -> None:
        super().__init__(scope, construct_id)
        if not Token.is_unresolved(domain_arn) and not _ARN.fullmatch(domain_arn):
            raise SearchDomainError(
                f"expected the ARN of a domain, arn:aws:es:REGION:ACCOUNT:domain/NAME, got {domain_arn!r}"
            )
        parts = Stack.of(self).split_arn(splittable(domain_arn, consumer=self), ArnFormat.SLASH_RESOURCE_NAME)
        self._domain_arn = domain_arn
        self._domain_name = parts.resource_name or ""
        self._account = parts.account or Stack.of(self).account
        self._domain_endpoint = domain_endpoint.removeprefix("https://")
        self._connections = ec2.Connections(
            security_groups=list(security_groups), default_port=ec2.Port.tcp(HTTPS_PORT)
        )

    def grant_index_write(self, grantee: iam.IGrantable, index_pattern: str) -> iam.Grant:
        """Allow writing to the indexes of a pattern in IAM; the domain's owner must map the role."""
        Annotations.of(self).add_warning_v2(
            MAPPING_WARNING,
            f"domain {self._domain_name} was imported: have its owner map the grantee's role to a role of the security"
            f" plugin that writes to {index_pattern!r}",
        )
        warn_of_other_account(
            self,
            grantee,
            account=self._account,
            policy="its access policy",
            actions=["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"],
            resources=[f"{self.domain_arn}/*"],
        )
        return self._allow_bulk(grantee, index_pattern)

    def reach_sts_through(self, endpoint: IConstruct) -> None:
        """Do nothing: this app puts no content into an imported domain."""


def name_in_endpoint(scope: Construct, endpoint: str) -> str:
    """Return the domain's name in an endpoint of the scope's Region.

    Raises SearchDomainError for a custom endpoint, for one that is a token, and for one of another Region.
    """
    found = None if Token.is_unresolved(endpoint) else _ENDPOINT.fullmatch(endpoint)
    if found is None:
        raise SearchDomainError(
            f"expected an endpoint like 'vpc-<name>-<26 characters>.<region>.es.amazonaws.com', got {endpoint!r}: use"
            " from_domain_attributes"
        )
    if is_of_other_region(scope, found["region"]):
        raise SearchDomainError(
            f"expected an endpoint in {Stack.of(scope).region}, got {endpoint!r}: import a domain of another Region"
            " with from_domain_attributes"
        )
    return found["name"]
