"""Division of a VPC's addresses that leaves subnets in place when a zone or a NAT gateway is added."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Final

from cdk_penstock.model.errors import PenstockError

MAX_ZONES: Final = 3
"""Availability zones that a plan has room for; MSK spreads brokers over two or three."""

_LARGEST_PREFIX_LENGTH: Final = 24
_SMALLEST_PREFIX_LENGTH: Final = 16
_PRIVATE: Final = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


class AddressPlanError(PenstockError):
    """A block of addresses that does not suit a VPC for applications."""


@dataclass(frozen=True)
class AddressPlan:
    """A VPC's block in quarters: one for the application in each of up to three zones, the last for NAT gateways.

    The shares depend on the block alone, not on the number of zones in use, so that the addresses of a later zone are
    still free.

    Parameters
    ----------
    cidr
        A private IPv4 block, ``/16`` (the largest that a VPC takes) to ``/24``.

    Raises AddressPlanError for any other.
    """

    cidr: str

    def __post_init__(self) -> None:
        """Refuse blocks that EC2 would refuse, that are public, or that are too small to divide."""
        try:
            network = IPv4Network(self.cidr)
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            raise AddressPlanError(
                f"cidr must be an IPv4 block such as 10.0.0.0/16, got {self.cidr!r}: {error}"
            ) from error
        if not _SMALLEST_PREFIX_LENGTH <= network.prefixlen <= _LARGEST_PREFIX_LENGTH:
            raise AddressPlanError(
                f"cidr must be a /{_SMALLEST_PREFIX_LENGTH} to /{_LARGEST_PREFIX_LENGTH}, got {self.cidr!r}: the job,"
                " the brokers and the endpoints need addresses in three zones"
            )
        if not any(network.subnet_of(block) for block in _PRIVATE):
            raise AddressPlanError(
                f"cidr must be private (RFC 1918), got {self.cidr!r}: use a block in 10.0.0.0/8, for example"
            )

    @property
    def application_prefix_length(self) -> int:
        """The prefix length of the application's subnet in a zone: a quarter of the VPC."""
        return IPv4Network(self.cidr).prefixlen + 2

    @property
    def nat_prefix_length(self) -> int:
        """The prefix length of the subnet of a NAT gateway, the smallest that EC2 takes."""
        return 28
