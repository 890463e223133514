"""OpenSearch Service resource of a search domain, and its subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_opensearchservice as opensearch

from cdk_penstock.foundation.private_subnets import select_private_subnets
from cdk_penstock.sinks.errors import SearchDomainError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from cdk_penstock.sinks.search.capacity import SearchCapacity
    from cdk_penstock.sinks.search.domain_logs import SearchLogs

_IN_A_VPC: Final = (
    "OpenSearch Service supports no IP-based policy for a domain in a VPC; security groups limit the network, and the"
    " access policy names only the master role"
)
_ONE_NODE: Final = "the capacity is SearchCapacity.single_node(), which is for development"


def select_subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None, *, zones: int) -> ec2.SubnetSelection:
    """Return one private subnet for each zone; raise SearchDomainError for too few subnets, or public ones."""
    selected = select_private_subnets(vpc, selection, user="domain", error=SearchDomainError, one_per_az=True)
    if selected.is_pending_lookup:
        return selection or ec2.SubnetSelection()
    if len(selected.subnets) < zones:
        raise SearchDomainError(
            f"the capacity needs subnets in {zones} availability zones, got {len(selected.subnets)} of {vpc.node.path}:"
            " give the VPC more zones, or choose SearchCapacity.multi_az()"
        )
    return ec2.SubnetSelection(subnets=selected.subnets[:zones])


def build_security_group(scope: Construct, vpc: ec2.IVpc, removal_policy: RemovalPolicy) -> ec2.SecurityGroup:
    """Add the domain's security group, which lets nobody in."""
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="OpenSearch domain"
    )
    # A security group that a retained domain uses cannot be deleted.
    group.apply_removal_policy(removal_policy)
    return group


def build_cluster(
    scope: Construct,
    construct_id: str,
    *,
    domain_name: str,
    version: opensearch.EngineVersion,
    capacity: SearchCapacity,
    vpc: ec2.IVpc,
    subnets: ec2.SubnetSelection,
    security_groups: Sequence[ec2.ISecurityGroup],
    encryption_key: kms.IKey,
    logs: SearchLogs,
    master_role: iam.IRole,
    access_policy: iam.PolicyDocument,
    removal_policy: RemovalPolicy,
) -> opensearch.Domain:
    """Add the domain with every protection, and acknowledge the findings of cdk-nag that do not apply to it."""
    zones = capacity.availability_zones
    domain = opensearch.Domain(
        scope,
        construct_id,
        domain_name=domain_name,
        version=version,
        vpc=vpc,
        vpc_subnets=[subnets],
        security_groups=list(security_groups),
        capacity=capacity.capacity_config(),
        zone_awareness=opensearch.ZoneAwarenessConfig(
            enabled=zones > 1, availability_zone_count=zones if zones > 1 else None
        ),
        ebs=opensearch.EbsOptions(
            volume_size=capacity.volume_size.to_gibibytes(), volume_type=ec2.EbsDeviceVolumeType.GP3
        ),
        encryption_at_rest=opensearch.EncryptionAtRestOptions(enabled=True, kms_key=encryption_key),
        node_to_node_encryption=True,
        enforce_https=True,
        tls_security_policy=opensearch.TLSSecurityPolicy.TLS_1_2_PFS,
        fine_grained_access_control=opensearch.AdvancedSecurityOptions(master_user_arn=master_role.role_arn),
        logging=logs.options(),
        suppress_logs_resource_policy=True,
        enable_version_upgrade=True,
        removal_policy=removal_policy,
    )
    domain.node.add_dependency(logs.policy)
    # The CDK's Domain sets an access policy afterwards, with a Lambda function.
    resource = cast("opensearch.CfnDomain", domain.node.default_child)
    resource.access_policies = access_policy
    acknowledged = {"AwsSolutions-OS3": _IN_A_VPC}
    if capacity.data_nodes == 1:
        acknowledged |= {"AwsSolutions-OS4": _ONE_NODE, "AwsSolutions-OS7": _ONE_NODE}
    Validations.of(domain).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule, reason in acknowledged.items())
    )
    return domain
