"""How large a search domain is, and how many availability zones it may lose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Size, SizeRoundingBehavior
from aws_cdk import aws_opensearchservice as opensearch

from cdk_penstock.sinks.errors import SearchDomainError

__all__ = ("SearchCapacity",)

_INSTANCE_TYPE: Final = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.search")
_MASTER_COUNTS: Final = (0, 3, 5)
_ZONES_WITH_STANDBY: Final = 3
_LEAST_VOLUME_GIB: Final = 10
"""OpenSearch Service, "EBS volume size quotas"; the most depends on the instance type."""
_BURSTABLE: Final = ("t2.", "t3.")


@dataclass(frozen=True, kw_only=True)
class SearchCapacity:
    """Nodes, volumes and zones of a domain; made by the static factories.

    Raises SearchDomainError for what OpenSearch Service would refuse (opensearch-service, managedomains-multiaz and
    managedomains-dedicatedmasternodes).
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
        """Serve from two zones and keep a third ready; ``data_nodes`` is a multiple of three.

        Each index needs copies in multiples of three, that is ``number_of_replicas`` 2. Volumes are gp3, 100 GiB a node
        by default.
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
        """Serve from two or three zones, with three master nodes; a lost zone takes a share of the capacity with it."""
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
        """Serve from one node, for development: a lost node is a lost domain until it is replaced."""
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
                message = f"expected an instance type such as 'r7g.large.search', got {instance_type!r}"
                raise SearchDomainError(message)
            if self.standby and instance_type.startswith(_BURSTABLE):
                message = f"{instance_type} cannot be in a domain with a standby zone: choose r7g or m7g"
                raise SearchDomainError(message)
        _check_volume(self.volume_size)
        if self.master_nodes not in _MASTER_COUNTS:
            message = f"a domain has 0, 3 or 5 master nodes, got {self.master_nodes}"
            raise SearchDomainError(message)
        if not 1 <= self.availability_zones <= _ZONES_WITH_STANDBY:
            message = f"a domain is in 1 to {_ZONES_WITH_STANDBY} zones, got {self.availability_zones}"
            raise SearchDomainError(message)
        if self.data_nodes < 1 or self.data_nodes % self.availability_zones:
            message = (
                f"data_nodes must be a multiple of the {self.availability_zones} zones, so that each zone can carry as"
                f" much as any other, got {self.data_nodes}"
            )
            raise SearchDomainError(message)

    @property
    def copies(self) -> int:
        """What the number of copies of each shard has to be a multiple of."""
        return _ZONES_WITH_STANDBY if self.standby else 1

    def capacity_config(self) -> opensearch.CapacityConfig:
        """Return the nodes, as the CDK takes them."""
        return opensearch.CapacityConfig(
            data_nodes=self.data_nodes,
            data_node_instance_type=self.data_node_instance_type,
            master_nodes=self.master_nodes or None,
            master_node_instance_type=self.master_node_instance_type if self.master_nodes else None,
            multi_az_with_standby_enabled=self.standby,
        )


def _check_volume(size: Size) -> None:
    """Raise SearchDomainError for a size that OpenSearch Service refuses, unless only the deployment knows it."""
    gibibytes = size.to_gibibytes(rounding=SizeRoundingBehavior.NONE)
    if not size.is_unresolved() and (gibibytes < _LEAST_VOLUME_GIB or gibibytes != int(gibibytes)):
        message = f"volume_size must be {_LEAST_VOLUME_GIB} whole GiB or more, got {gibibytes:g} GiB"
        raise SearchDomainError(message)
