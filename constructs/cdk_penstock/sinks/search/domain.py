"""OpenSearch domain for the documents of a job, with roles and dashboards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch

from cdk_penstock.application.flink_application_base import FlinkApplicationBase
from cdk_penstock.foundation.digests import text_digest
from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.physical_names import choose_name, claim_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.foundation.text_files import read_text_file
from cdk_penstock.model.search_content import Content, access_role, check_index_template, parse_saved_objects
from cdk_penstock.sinks.errors import SearchDomainError
from cdk_penstock.sinks.search.capacity import SearchCapacity
from cdk_penstock.sinks.search.domain_base import HTTPS_PORT, ISearchDomain, SearchDomainBase, check_domain_name
from cdk_penstock.sinks.search.domain_cluster import build_cluster, build_security_group, select_subnets
from cdk_penstock.sinks.search.domain_content import SearchContentProvider, role_of
from cdk_penstock.sinks.search.domain_logs import SearchLogs
from cdk_penstock.sinks.search.imported_domain import ImportedSearchDomain, name_in_endpoint
from cdk_penstock.sinks.sink_wildcards import DOMAIN_CONTENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import CustomResource
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IConstruct

_ADMINISTRATOR_ROLES: Final = ("all_access", "security_manager")


@jsii.implements(ec2.IConnectable)
class SearchDomain(SearchDomainBase):
    """An OpenSearch domain in a VPC, with fine-grained access control, encryption at rest and in transit, and all logs.

    Its master user is an IAM role that only penstock's handler may assume; there is no master password. Requests must
    be signed (SigV4), which a browser cannot do: people use OpenSearch Dashboards through a proxy that signs with their
    role (opensearch-service, dashboards). OpenSearch Service needs its service-linked role in the account before the
    first domain in a VPC:
    ``aws iam create-service-linked-role --aws-service-name opensearchservice.amazonaws.com``.

    Parameters
    ----------
    vpc, vpc_subnets
        Private subnets of the domain, one for each zone of the capacity. Default: private subnets of the VPC. The
        handler of the domain's content runs in them as well and must reach STS: see ``reach_sts_through``.
    security_groups
        Default: a new one that lets nobody in; see ``connections``.
    domain_name
        The physical name, 3 to 28 lowercase letters, digits and hyphens. Renaming creates a new, empty domain. Default:
        a name from the construct's path, with a warning.
    version
        Default: OpenSearch 2.19, which Flink's connector supports.
    capacity
        Default: SearchCapacity.multi_az_with_standby().
    encryption_key
        Key of the domain and its logs. It cannot be changed: use a new ``domain_name`` for another key. Default: a new
        key, rotated every year.
    log_retention
        Default: three months.
    index_templates
        Composable index templates by name.
    saved_objects
        A file exported by OpenSearch Dashboards (``.ndjson``), for the global tenant.
    removal_policy
        Of domain, key, logs and master role. Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises SearchDomainError or ContentError for values that OpenSearch would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        domain_name: str | None = None,
        version: opensearch.EngineVersion | None = None,
        capacity: SearchCapacity | None = None,
        encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        index_templates: Mapping[str, Mapping[str, Any]] | None = None,
        saved_objects: str | Path | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, SearchDomainError)
        self.capacity = capacity or SearchCapacity.multi_az_with_standby()
        self._set_identity(domain_name)
        subnets = select_subnets(vpc, vpc_subnets, zones=self.capacity.availability_zones)
        self.security_groups = list(security_groups or [build_security_group(self, vpc, removal_policy)])
        self._connections = ec2.Connections(security_groups=self.security_groups, default_port=ec2.Port.tcp(HTTPS_PORT))
        self.encryption_key = encryption_key or build_key(
            self, description=f"Search domain {self.domain_name} and its logs", removal_policy=removal_policy
        )
        self.logs = SearchLogs(
            self,
            "Logs",
            domain_name=self.domain_name,
            domain_arn=self.domain_arn,
            retention=log_retention,
            encryption_key=self.encryption_key,
            removal_policy=removal_policy,
        )
        self._content = SearchContentProvider(
            self, "ContentProvider", domain=self, vpc=vpc, vpc_subnets=subnets, removal_policy=removal_policy
        )
        self.domain = build_cluster(
            self,
            "Domain",
            domain_name=self.domain_name,
            version=version or opensearch.EngineVersion.OPENSEARCH_2_19,
            capacity=self.capacity,
            vpc=vpc,
            subnets=subnets,
            security_groups=self.security_groups,
            encryption_key=self.encryption_key,
            logs=self.logs,
            master_role=self._content.master_role,
            access_policy=self._content.access_policy,
            removal_policy=removal_policy,
        )
        keep_while_used(self)
        self._domain_endpoint = self.domain.domain_endpoint
        if index_templates or saved_objects is not None:
            self.add_content("Content", index_templates=index_templates, saved_objects=saved_objects)
        claim_name(self, "domain", self.domain_name)

    @staticmethod
    def from_domain_endpoint(
        scope: Construct,
        construct_id: str,
        domain_endpoint: str,
        *,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
    ) -> ISearchDomain:
        """Import a domain of this account and Region by its endpoint from OpenSearch Service."""
        name = name_in_endpoint(scope, domain_endpoint)
        arn = Stack.of(scope).format_arn(service="es", resource="domain", resource_name=name)
        return SearchDomain.from_domain_attributes(
            scope, construct_id, domain_arn=arn, domain_endpoint=domain_endpoint, security_groups=security_groups
        )

    @staticmethod
    def from_domain_attributes(
        scope: Construct,
        construct_id: str,
        *,
        domain_arn: str,
        domain_endpoint: str,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
    ) -> ISearchDomain:
        """Import a domain; its grants cover only IAM, because its owner has the master user."""
        return ImportedSearchDomain(
            scope,
            construct_id,
            domain_arn=domain_arn,
            domain_endpoint=domain_endpoint,
            security_groups=security_groups,
        )

    @property
    def master_role(self) -> iam.IRole:
        """The domain's master user."""
        return self._content.master_role

    def add_content(
        self,
        construct_id: str,
        *,
        index_templates: Mapping[str, Mapping[str, Any]] | None = None,
        saved_objects: str | Path | None = None,
    ) -> CustomResource:
        """Put index templates and saved objects into the domain, and remove them with the construct.

        The deployment fails if others have put objects of the same name there; these are never overwritten or removed.
        """
        for name, body in (index_templates or {}).items():
            check_index_template(name, body, copies=self.capacity.shard_copy_multiple)
        text = ""
        if saved_objects is not None:
            text = read_text_file(Path(saved_objects), "the file of saved objects", SearchDomainError)
        content = Content(index_templates=dict(index_templates or {}), saved_objects=parse_saved_objects(text))
        return self._content.put(self, construct_id, content)

    def grant_index_write(self, grantee: iam.IGrantable, index_pattern: str) -> iam.Grant:
        """Allow the grantee's role to write to the indexes of a pattern such as ``orders-*``, but not to read them.

        The role gets permissions in IAM and a role of the security plugin, which an application has from before its
        start until after its stop. Open the network with ``domain.allow_clients(application)``. Raises
        SearchDomainError for a grantee that is not a role.
        """
        role = role_of(grantee)
        name = f"{self._label}-write-{text_digest(index_pattern, role.node.path)}"
        content = Content(roles={name: access_role(index_pattern)}, mappings={name: (role.role_arn,)})
        resource = self._content.put_for(role, content, name)
        if isinstance(grantee, FlinkApplicationBase):
            grantee.add_run_dependency(resource)
        return self._allow_bulk(grantee, index_pattern)

    def grant_administration(self, administrator: iam.IRole) -> iam.Grant:
        """Allow people with this role to see and change everything in the domain, roles and dashboards included.

        Their requests must be signed; a browser needs a proxy for that.
        """
        content = Content(mappings=dict.fromkeys(_ADMINISTRATOR_ROLES, (administrator.role_arn,)))
        self._content.put_for(
            administrator, content, f"{self._label}-administrator-{text_digest(administrator.node.path)}"
        )
        actions = [f"es:ESHttp{each}" for each in ("Delete", "Get", "Head", "Patch", "Post", "Put")]
        return allow(administrator, actions=actions, resources=[f"{self.domain_arn}/*"], wildcard_reason=DOMAIN_CONTENT)

    def reach_sts_through(self, endpoint: IConstruct) -> None:
        """Keep this endpoint of STS until the content is removed: the handler calls STS to remove it."""
        self._content.need(endpoint)

    def _set_identity(self, name: str | None) -> None:
        name = choose_name(
            self,
            name,
            "domain_name",
            check_domain_name,
            max_length=28,
            effect="makes a new, empty domain",
            lowercase=True,
        )
        self._domain_name = name
        # Construct ids must be known at synthesis.
        self._label = self.node.addr if Token.is_unresolved(name) else name
        self._account = Stack.of(self).account
        self._domain_arn = Stack.of(self).format_arn(service="es", resource="domain", resource_name=name)
