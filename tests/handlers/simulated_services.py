"""The clients of a handler on the in-process MSF, with the pages of its simulated job."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cdk_penstock.handlers.services import Services
from tests.control.simulated_flink import SimulatedFlink

if TYPE_CHECKING:
    from cdk_penstock.control.flink_dashboard import FlinkDashboard
    from tests.control.fake_session import FakeAws


def simulated_services(aws: FakeAws, flink: SimulatedFlink | None = None) -> Services:
    """Return the clients; without ``flink`` every job that starts is healthy."""
    pages = flink or SimulatedFlink(aws)
    return Services(
        new_session=aws.new_session,
        clock=aws.world.clock,
        open_dashboard=lambda _create_url: cast("FlinkDashboard", pages),
    )
