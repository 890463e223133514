"""Size of a search domain, and its protection against the loss of availability zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Size, SizeRoundingBehavior
from aws_cdk import aws_opensearchservice as opensearch

from cdk_penstock.sinks.errors import SearchDomainError

_INSTANCE_TYPE: Final = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.search")
_MASTER_COUNTS: Final = (0, 3, 5)
_ZONES_WITH_STANDBY: Final = 3
_LEAST_VOLUME_GIB: Final = 10
"""OpenSearch Service, "EBS volume size quotas"; the maximum depends on the instance type."""
_BURSTABLE: Final = ("t2.", "t3.")


@dataclass(frozen=True, kw_only=True)
class SearchCapacity:
    """Nodes, volumes and zones of a domain; created by the static factories.

    Raises SearchDomainError for values that OpenSearch Service would refuse (opensearch-service,
    managedomains-multiaz and managedomains-dedicatedmasternodes).
    """

    data_nodes: int
    data_node_instance_type: str
    master_nodes: int
    master_node_instance_type: str
    volume_size: Size
    availability_zones: int
    standby: bool

    @staticmethod
    def multi_az_with_standby(
        *,
        data_nodes: int = 3,
        data_node_instance_type: str = "r7g.large.search",
        master_node_instance_type: str = "m7g.large.search",
        volume_size: Size | None = None,
    ) -> SearchCapacity:
        """Serve from two zones with a third on standby; ``data_nodes`` must be a multiple of three.

        The shard copies of each index must be a multiple of three, as with ``number_of_replicas`` 2. Volumes are gp3,
        by default 100 GiB per node.
        """
        return SearchCapacity(
            data_nodes=data_nodes,
            data_node_instance_type=data_node_instance_type,
            master_nodes=3,
            master_node_instance_type=master_node_instance_type,
            volume_size=volume_size or Size.gibibytes(100),
            availability_zones=_ZONES_WITH_STANDBY,
            standby=True,
        )

    @staticmethod
    def multi_az(
        *,
        data_nodes: int = 2,
        data_node_instance_type: str = "r7g.large.search",
        master_node_instance_type: str = "m7g.large.search",
        volume_size: Size | None = None,
        availability_zones: int = 2,
    ) -> SearchCapacity:
        """Serve from two or three zones, with three master nodes; the loss of a zone reduces the capacity."""
        return SearchCapacity(
            data_nodes=data_nodes,
            data_node_instance_type=data_node_instance_type,
            master_nodes=3,
            master_node_instance_type=master_node_instance_type,
            volume_size=volume_size or Size.gibibytes(100),
            availability_zones=availability_zones,
            standby=False,
        )

    @staticmethod
    def single_node(
        *, data_node_instance_type: str = "t3.small.search", volume_size: Size | None = None
    ) -> SearchCapacity:
        """Serve from one node, for development: without it the domain is down until AWS replaces it."""
        return SearchCapacity(
            data_nodes=1,
            data_node_instance_type=data_node_instance_type,
            master_nodes=0,
            master_node_instance_type=data_node_instance_type,
            volume_size=volume_size or Size.gibibytes(10),
            availability_zones=1,
            standby=False,
        )

    def __post_init__(self) -> None:
        """Refuse what OpenSearch Service would refuse."""
        for instance_type in (self.data_node_instance_type, self.master_node_instance_type):
            if not _INSTANCE_TYPE.fullmatch(instance_type):
                raise SearchDomainError(f"expected an instance type such as 'r7g.large.search', got {instance_type!r}")
            if self.standby and instance_type.startswith(_BURSTABLE):
                raise SearchDomainError(f"{instance_type} cannot be in a domain with a standby zone: choose r7g or m7g")
        _check_volume(self.volume_size)
        if self.master_nodes not in _MASTER_COUNTS:
            raise SearchDomainError(f"a domain has 0, 3 or 5 master nodes, got {self.master_nodes}")
        if not 1 <= self.availability_zones <= _ZONES_WITH_STANDBY:
            raise SearchDomainError(f"a domain is in 1 to {_ZONES_WITH_STANDBY} zones, got {self.availability_zones}")
        if self.data_nodes < 1 or self.data_nodes % self.availability_zones:
            raise SearchDomainError(
                f"data_nodes must be a multiple of the {self.availability_zones} zones, so that all zones have the same"
                f" capacity, got {self.data_nodes}"
            )

    @property
    def shard_copy_multiple(self) -> int:
        """The number of copies of each shard must be a multiple of this."""
        return _ZONES_WITH_STANDBY if self.standby else 1

    def capacity_config(self) -> opensearch.CapacityConfig:
        """Return the nodes in the CDK's form."""
        return opensearch.CapacityConfig(
            data_nodes=self.data_nodes,
            data_node_instance_type=self.data_node_instance_type,
            master_nodes=self.master_nodes or None,
            master_node_instance_type=self.master_node_instance_type if self.master_nodes else None,
            multi_az_with_standby_enabled=self.standby,
        )


def _check_volume(size: Size) -> None:
    """Raise SearchDomainError for a size that OpenSearch Service refuses, unless it is known only at deployment."""
    gibibytes = size.to_gibibytes(rounding=SizeRoundingBehavior.NONE)
    if not size.is_unresolved() and (gibibytes < _LEAST_VOLUME_GIB or gibibytes != int(gibibytes)):
        raise SearchDomainError(f"volume_size must be {_LEAST_VOLUME_GIB} whole GiB or more, got {gibibytes:g} GiB")
