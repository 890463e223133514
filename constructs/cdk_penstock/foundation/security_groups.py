"""Rules between security groups."""

from __future__ import annotations

from typing import Any

from aws_cdk import Names, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct


def open_ports(
    client: ec2.ISecurityGroup, server: ec2.ISecurityGroup, *, ports: tuple[int, int], description: str
) -> None:
    """Allow the client to reach a range of TCP ports of the server; a second call for the same pair adds nothing.

    Each rule is a separate resource in the client's stack. So the server's group never changes, which could replace the
    resources that use it, and its stack never depends on the client's. A client that may call everywhere gets no
    outbound rule, because the CDK would warn that it has no effect.
    """
    scope, name = _scope_and_name(client, server)
    if scope.node.try_find_child(name) is not None:
        return
    first, last = ports
    rule: dict[str, Any] = {"ip_protocol": "tcp", "from_port": first, "to_port": last, "description": description}
    ec2.CfnSecurityGroupIngress(
        scope,
        name,
        group_id=server.security_group_id,
        source_security_group_id=client.security_group_id,
        **rule,
    )
    if not client.allow_all_outbound:
        ec2.CfnSecurityGroupEgress(
            scope,
            f"{name}Egress",
            group_id=client.security_group_id,
            destination_security_group_id=server.security_group_id,
            **rule,
        )


def _scope_and_name(client: ec2.ISecurityGroup, server: ec2.ISecurityGroup) -> tuple[Construct, str]:
    """Return the scope of the rules: the client, or its stack if the client is imported and no Python construct."""
    name = f"To{Names.node_unique_id(server.node)}"
    if isinstance(client, Construct):
        return client, name
    return Stack.of(client), f"{Names.node_unique_id(client.node)}{name}"
