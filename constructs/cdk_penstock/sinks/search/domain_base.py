"""Interface and base class of search domains: identity, grants and metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol, Unpack

from constructs import Construct, IConstruct

from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric
from cdk_penstock.foundation.security_groups import open_ports
from cdk_penstock.sinks.errors import SearchDomainError
from cdk_penstock.sinks.sink_wildcards import DOMAIN_INDEX

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam

HTTPS_PORT: Final = 443
_RULE: Final = "Documents and searches"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{2,27}")


class ISearchDomain(IConstruct, Protocol):
    """A search domain, created in this app or elsewhere."""

    @property
    def domain_name(self) -> str:
        """The physical name."""

    @property
    def domain_arn(self) -> str:
        """The Amazon Resource Name."""

    @property
    def domain_endpoint(self) -> str:
        """The host name, without ``https://``."""

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the domain."""

    def allow_clients(self, *clients: ec2.IConnectable) -> None:
        """Allow the clients to reach the domain."""

    def grant_index_write(self, grantee: iam.IGrantable, index_pattern: str) -> iam.Grant:
        """Allow the grantee to write to the indexes of a pattern."""

    def reach_sts_through(self, endpoint: IConstruct) -> None:
        """Keep this endpoint of STS as long as the domain has content of this app."""

    def connection_properties(self, index: str) -> dict[str, str]:
        """Return the options of Flink's OpenSearch sink."""


class SearchDomainBase(Construct):
    """The common part of domains: it needs only name, endpoint and security groups."""

    _domain_name: str
    _domain_arn: str
    _domain_endpoint: str
    _account: str
    _connections: ec2.Connections

    @property
    def domain_name(self) -> str:
        """The physical name."""
        return self._domain_name

    @property
    def domain_arn(self) -> str:
        """The Amazon Resource Name."""
        return self._domain_arn

    @property
    def domain_endpoint(self) -> str:
        """The host name, without ``https://``."""
        return self._domain_endpoint

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the domain; ``allow_clients`` opens its port to an application."""
        return self._connections

    def allow_clients(self, *clients: ec2.IConnectable) -> None:
        """Allow the clients to reach the domain, on the port for HTTPS only.

        Each rule is a separate resource in the client's stack, which may be deployed after the domain's.
        """
        for client in clients:
            for client_group in client.connections.security_groups:
                for group in self._connections.security_groups:
                    open_ports(client_group, group, ports=(HTTPS_PORT, HTTPS_PORT), description=_RULE)

    def connection_properties(self, index: str) -> dict[str, str]:
        """Return the options of Flink's OpenSearch sink, for ``add_property_group``.

        The connector does not sign requests: the job must add an interceptor to its client that signs for the service
        ``es``.
        """
        return {"hosts": f"https://{self.domain_endpoint}:443", "index": index}

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this domain; by default its average over five minutes."""
        dimensions = {"DomainName": self.domain_name, "ClientId": self._account}
        return build_metric(self, "AWS/ES", name, dimensions=dimensions, options=options)

    metric_cluster_status_red = MetricMethod(
        "ClusterStatus.red", "Maximum", "1 if a primary shard has no node, else 0."
    )
    metric_index_writes_blocked = MetricMethod(
        "ClusterIndexWritesBlocked", "Maximum", "1 if the domain blocks writes, else 0."
    )
    metric_free_storage_space = MetricMethod(
        "FreeStorageSpace", "Minimum", "Free space of the node with the least, in MiB."
    )
    metric_cpu_utilization = MetricMethod("CPUUtilization", "Maximum", "CPU use of the busiest data node, in percent.")
    metric_jvm_memory_pressure = MetricMethod(
        "JVMMemoryPressure", "Maximum", "JVM heap use of the fullest data node, in percent."
    )
    metric_indexing_latency = MetricMethod("IndexingLatency", "Average", "Milliseconds of indexing on a shard.")
    metric_searchable_documents = MetricMethod("SearchableDocuments", "Maximum", "Searchable documents.")

    def _allow_bulk(self, grantee: iam.IGrantable, index_pattern: str) -> iam.Grant:
        """Allow the requests of a bulk writer in IAM; its role in the security plugin limits the indexes.

        The bulk API names the indexes in the body of the request, which IAM does not see.
        """
        return allow(
            grantee,
            actions=["es:ESHttpPost"],
            resources=[f"{self.domain_arn}/_bulk", f"{self.domain_arn}/{index_pattern}/_bulk"],
            wildcard_reason=DOMAIN_INDEX,
        ).combine(allow(grantee, actions=["es:ESHttpGet", "es:ESHttpHead"], resources=[f"{self.domain_arn}/"]))


def check_domain_name(name: str) -> str:
    """Return the name of a domain; raise SearchDomainError for one that OpenSearch Service would refuse."""
    if not _NAME.fullmatch(name):
        raise SearchDomainError(
            f"a domain's name has 3 to 28 of a-z, 0-9 and '-' and begins with a letter, got {name!r}"
        )
    return name
