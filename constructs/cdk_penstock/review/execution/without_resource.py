"""Actions without resources, which a policy can only allow on all resources.

Source: service authorization reference, 2026-10, "Actions defined by" each service: an empty column of resource types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTIONS: Final[Mapping[str, frozenset[str]]] = {
    "application-autoscaling": frozenset(
        {"DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"}
    ),
    "aps": frozenset({"CreateWorkspace", "ListWorkspaces"}),
    "autoscaling": frozenset({"DescribeTags"}),
    "cloudwatch": frozenset({"GetMetricData", "ListDashboards"}),
    "ec2": frozenset(
        {
            "DescribeAccountAttributes",
            "DescribeAvailabilityZones",
            "DescribeDhcpOptions",
            "DescribeFlowLogs",
            "DescribeInstances",
            "DescribeNetworkAcls",
            "DescribeNetworkInterfaces",
            "DescribeRouteTables",
            "DescribeSecurityGroupRules",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeTags",
            "DescribeVpcEncryptionControls",
            "DescribeVpcEndpoints",
            "DescribeVpcs",
        }
    ),
    "elasticfilesystem": frozenset({"DescribeMountTargets"}),
    "events": frozenset({"ListRules"}),
    "firehose": frozenset({"ListDeliveryStreams"}),
    "grafana": frozenset({"CreateWorkspace", "ListWorkspaces"}),
    "iam": frozenset({"ListPolicies", "ListRoles"}),
    "kafka": frozenset({"DescribeClusterOperation", "ListClusters", "ListClustersV2", "ListConfigurations"}),
    "kinesis": frozenset(
        {"DisableEnhancedMonitoring", "EnableEnhancedMonitoring", "ListStreams", "UpdateShardCount", "UpdateStreamMode"}
    ),
    "kinesisanalytics": frozenset({"CreateApplication", "ListApplications"}),
    "kms": frozenset({"CreateKey", "ListAliases", "ListKeys"}),
    "lambda": frozenset({"ListFunctions"}),
    "logs": frozenset(
        {
            "CreateLogDelivery",
            "DeleteIndexPolicy",
            "DeleteLogDelivery",
            "DeleteResourcePolicy",
            "DeleteQueryDefinition",
            "DescribeIndexPolicies",
            "DescribeLogGroups",
            "DescribeQueryDefinitions",
            "DescribeResourcePolicies",
            "GetLogDelivery",
            "ListLogDeliveries",
            "PutIndexPolicy",
            "PutQueryDefinition",
            "PutResourcePolicy",
            "UpdateLogDelivery",
        }
    ),
    "organizations": frozenset({"DescribeOrganization"}),
    "s3": frozenset({"ListAllMyBuckets"}),
    "s3files": frozenset({"ListMountTargets"}),
    "scheduler": frozenset({"ListSchedules"}),
    "sns": frozenset(
        {"GetSubscriptionAttributes", "ListSubscriptions", "ListTopics", "SetSubscriptionAttributes", "Unsubscribe"}
    ),
    "sqs": frozenset({"ListQueues"}),
    "sso": frozenset(
        {
            "CreateManagedApplicationInstance",
            "DeleteManagedApplicationInstance",
            "DescribeRegisteredRegions",
            "GetApplicationInstance",
            "GetSharedSsoConfiguration",
            "ListApplicationInstances",
        }
    ),
    "states": frozenset({"ListStateMachines"}),
    "vpc-lattice": frozenset(
        {"CreateServiceNetworkVpcEndpointAssociation", "DescribeServiceNetworkVpcEndpointAssociation"}
    ),
    "vpce": frozenset({"AllowMultiRegion"}),
}


def takes_no_resource(action: str) -> bool:
    """Return True if an action, as ``service:Action``, can only be allowed on all resources."""
    service, _, name = action.partition(":")
    return name in _ACTIONS.get(service, ())
