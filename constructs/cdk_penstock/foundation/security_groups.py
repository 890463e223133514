"""Rules that let one security group reach another."""

from __future__ import annotations

from typing import Any

from aws_cdk import Names, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

__all__ = ("open_ports",)


def open_ports(
    client: ec2.ISecurityGroup, server: ec2.ISecurityGroup, *, ports: tuple[int, int], description: str
) -> None:
    """Let the client reach the TCP ports of the server from the first to the last; a second time is the same as once.

    Each rule is a resource of its own, in the client's stack: the server's group never changes, which replaces what is
    in it, and its stack never depends on that of a client. A client that may call everywhere gets no rule that lets it
    out, of which the CDK would warn that it has no effect.
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
    """Return where the rules are: in the client, or in its stack where it is imported and no construct for Python."""
    name = f"To{Names.node_unique_id(server.node)}"
    if isinstance(client, Construct):
        return client, name
    return Stack.of(client), f"{Names.node_unique_id(client.node)}{name}"
