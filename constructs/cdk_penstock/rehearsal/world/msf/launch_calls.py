"""The calls that MSF and the job make when an application starts, as far as its configuration tells them.

Sources: managed-flink, vpc-permissions ("Add a permissions policy for accessing an Amazon VPC") and cloudwatch-logs
("Grant permission to write to the CloudWatch log stream"); service authorization reference of EC2 and of CloudWatch
Logs for the resources of each action.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.world.msf.passed_role import RoleCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.model.lifecycle.records import Application

_LOOKS_AT_NETWORK: Final = (
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
)
_USES_INTERFACE: Final = ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
_REMOTE_WRITE: Final = re.compile(r"https://aps-workspaces\.([a-z0-9-]+)\.[a-z0-9.-]+/workspaces/([\w-]+)/")


def _place(application: Application) -> tuple[str, str, str]:
    _, partition, _, region, account, _ = application.arn.split(":", 5)
    return partition, region, account


def log_calls(application: Application) -> Iterator[RoleCall]:
    """Yield the calls to find and to write each log stream; without them the application runs, and logs nothing."""
    partition, region, account = _place(application)
    for option in application.settings.logging_options:
        stream = str(option["LogStreamARN"])
        group = stream.partition(":log-stream:")[0]
        groups = f"arn:{partition}:logs:{region}:{account}:log-group::log-stream:"
        yield RoleCall(action="logs:DescribeLogGroups", resource=groups, context={})
        yield RoleCall(action="logs:DescribeLogStreams", resource=f"{group}:log-stream:", context={})
        yield RoleCall(action="logs:PutLogEvents", resource=stream, context={})


def network_calls(application: Application) -> Iterator[RoleCall]:
    """Yield the calls for network interfaces in each subnet, which the application cannot start without."""
    partition, region, account = _place(application)
    ec2 = f"arn:{partition}:ec2:{region}:{account}"
    for vpc in application.settings.configuration.get("VpcConfigurationDescriptions", ()):
        for action in _LOOKS_AT_NETWORK:
            yield RoleCall(action=action, resource="*", context={})
        groups = [f"{ec2}:security-group/{each}" for each in vpc["SecurityGroupIds"]]
        subnets = [f"{ec2}:subnet/{each}" for each in vpc["SubnetIds"]]
        # EC2 asks for the creation on the interface, on its subnet and on each of its security groups.
        for resource in (*groups, *subnets):
            yield RoleCall(action="ec2:CreateNetworkInterface", resource=resource, context={})
        for subnet in subnets:
            on_interface: Mapping[str, Any] = {"ec2:Subnet": subnet}
            for action in ("ec2:CreateNetworkInterface", *_USES_INTERFACE):
                yield RoleCall(action=action, resource=f"{ec2}:network-interface/*", context=on_interface)


def job_calls_of_properties(application: Application) -> Iterator[RoleCall]:
    """Yield the calls of the job that its property groups tell: to write to the workspace of a remote write URL."""
    partition, _, account = _place(application)
    groups = application.settings.configuration.get("EnvironmentPropertyDescriptions", {})
    found: dict[str, None] = {}
    for group in groups.get("PropertyGroupDescriptions", ()):
        for value in group["PropertyMap"].values():
            for region, workspace in _REMOTE_WRITE.findall(str(value)):
                found[f"arn:{partition}:aps:{region}:{account}:workspace/{workspace}"] = None
    for workspace_arn in found:
        yield RoleCall(action="aps:RemoteWrite", resource=workspace_arn, context={})
