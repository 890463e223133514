"""The network interfaces that MSF attaches to a VPC for a running application.

They linger for minutes after the application stopped, and as long as they do, their security groups and subnets cannot
be deleted. Only looked at here, never deleted: MSF owns them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.control.clients import Clock, Ec2Client


def network_interfaces(
    client: Ec2Client, *, subnet_ids: Sequence[str], security_group_ids: Sequence[str], clock: Clock
) -> tuple[str, ...]:
    """Return the ids of the interfaces in these subnets with these security groups; none for an application without."""
    if not subnet_ids or not security_group_ids:
        return ()
    request: dict[str, Any] = {
        "Filters": [
            {"Name": "subnet-id", "Values": list(subnet_ids)},
            {"Name": "group-id", "Values": list(security_group_ids)},
        ]
    }
    found: list[str] = []
    while True:
        page = call_with_retry(
            lambda: client.describe_network_interfaces(**request), action="list network interfaces", clock=clock
        )
        found += [each["NetworkInterfaceId"] for each in page.get("NetworkInterfaces", ())]
        if not page.get("NextToken"):
            return tuple(sorted(found))
        request["NextToken"] = page["NextToken"]
