"""CloudFormation's role under ``penstock review --execution-policy`` deploys prod, call by call, and can do no more.

The calls here are written down by hand, from the services' own pages, on names as CloudFormation makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from app import build_app
from cdk_penstock.cli.execution_policy import with_target
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, Request, decide
from cdk_penstock.review.assembly import SynthesizedStack, read_assembly
from cdk_penstock.review.execution import execution_policies

if TYPE_CHECKING:
    from cdk_penstock.review.templates import Resource

ACCOUNT, REGION = "111122223333", "eu-central-1"
CALLER = Caller.role(f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
DELEGATING = NamedPolicy(
    name="a key that leaves it to IAM",
    document=PolicyDocument(
        statements=(
            Statement(principals={"AWS": (f"arn:aws:iam::{ACCOUNT}:root",)}, actions=("kms:*",), resources=("*",)),
        )
    ),
)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
NAMED = {
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::KinesisAnalyticsV2::Application": "ApplicationName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MSK::Configuration": "Name",
}


@dataclass(frozen=True)
class Made:
    """A resource as it will be in the account."""

    stack: SynthesizedStack
    resource: Resource

    @property
    def name(self) -> str:
        """The physical name: the template's, or stack, logical id and twelve characters, in 64."""
        given = self.resource.get(NAMED.get(self.resource.type, "-"))
        if given is not None:
            return str(given)
        suffix = hashlib.sha256(self.resource.logical_id.encode()).hexdigest()[:12].upper()
        if self.resource.type == "AWS::StepFunctions::StateMachine":
            return f"{self.resource.logical_id[:60]}-{suffix}"
        return f"{self.stack.name[:24]}-{self.resource.logical_id[: 50 - len(self.stack.name[:24])]}-{suffix}"

    def referred(self, name: str) -> Made:
        """The resource of the same stack that a property refers to."""
        value = self.resource.get(name)
        logical_id = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        found = self.stack.template.resource(logical_id)
        assert found is not None
        return Made(self.stack, found)


Calls = Callable[[Made], Sequence[tuple[str, str] | tuple[str, str, dict[str, str]]]]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def passed(made: Made, name: str, service: str) -> tuple[str, str, dict[str, str]]:
    return "iam:PassRole", role_arn(made.referred(name).name), {"iam:PassedToService": f"{service}.amazonaws.com"}


def linked(service: str) -> tuple[str, str, dict[str, str]]:
    path = f"aws-service-role/{service}.amazonaws.com/AWSServiceRole"
    return "iam:CreateServiceLinkedRole", role_arn(path), {"iam:AWSServiceName": f"{service}.amazonaws.com"}


def on(target: str, *actions: str) -> list[tuple[str, str]]:
    service = target.split(":")[2] if target != "*" else ""
    return [(action if ":" in action else f"{service}:{action}", target) for action in actions]


def function(made: Made) -> Any:
    code = made.resource.get("Code.S3Bucket")
    assert "cdk-hnb659fds-assets-" in json.dumps(code)
    target = arn("lambda", f"function:{made.name}")
    return [
        *on(target, "CreateFunction", "GetFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
        *on(target, "TagResource", "DeleteFunction"),
        ("s3:GetObject", f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}/1234.zip"),
        passed(made, "Role", "lambda"),
    ]


def application(made: Made) -> Any:
    target = arn("kinesisanalytics", f"application/{made.name}")
    via = {"kms:ViaService": f"kinesisanalytics.{REGION}.amazonaws.com"}
    data = {**via, "kms:EncryptionContext:aws:kinesisanalytics:arn": target}
    grant = {**data, "kms:GrantConstraintType": "EncryptionContextSubset", "kms:GrantOperations": "Decrypt"}
    return [
        ("kinesisanalytics:CreateApplication", "*"),
        *on(target, "DescribeApplication", "UpdateApplication", "DeleteApplication", "TagResource"),
        *on(target, "AddApplicationVpcConfiguration", "UpdateApplicationMaintenanceConfiguration"),
        passed(made, "ServiceExecutionRole", "kinesisanalytics"),
        ("kms:DescribeKey", KEY, via),
        ("kms:Decrypt", KEY, data),
        ("kms:GenerateDataKey", KEY, data),
        ("kms:GenerateDataKeyWithoutPlaintext", KEY, data),
        ("kms:CreateGrant", KEY, grant),
    ]


def policy_of_roles(made: Made) -> Any:
    target = f"arn:aws:iam::{ACCOUNT}:policy/{made.name}"
    roles = [made.stack.template.resource(each["Ref"]) for each in made.resource.get("Roles")]
    attached = [
        ("iam:AttachRolePolicy", role_arn(Made(made.stack, each).name), {"iam:PolicyARN": target})
        for each in roles
        if each is not None
    ]
    return [*on(target, "CreatePolicy", "CreatePolicyVersion", "DeletePolicyVersion", "DeletePolicy"), *attached]


def inline_policy(made: Made) -> Any:
    roles = [made.stack.template.resource(each["Ref"]) for each in made.resource.get("Roles")]
    return [
        call
        for each in roles
        if each is not None
        for call in on(role_arn(Made(made.stack, each).name), "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy")
    ]


def role(made: Made) -> Any:
    target = role_arn(made.name)
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    made_with = "CreateRole", "GetRole", "TagRole", "UpdateAssumeRolePolicy", "PutRolePolicy", "DeleteRole"
    managed = [("iam:AttachRolePolicy", target, {"iam:PolicyARN": basic})]
    return [*on(target, *made_with), *(managed if made.resource.get("ManagedPolicyArns") else [])]


def topic(made: Made) -> Any:
    cluster = f"{made.referred('ClusterArn').name}/1234-5"
    return [
        ("kafka-cluster:Connect", arn("kafka", f"cluster/{cluster}")),
        *on(
            arn("kafka", f"topic/{cluster}/{made.resource.get('TopicName')}"),
            "kafka-cluster:CreateTopic",
            "kafka-cluster:DescribeTopic",
            "kafka-cluster:AlterTopicDynamicConfiguration",
            "kafka-cluster:DeleteTopic",
        ),
    ]


def ec2(kind: str, *actions: str) -> Calls:
    return lambda _: [
        call
        for action in actions
        for call in on("*" if action.startswith("Describe") else arn("ec2", f"{kind}/{kind}-1"), f"ec2:{action}")
    ]


def log_group(made: Made) -> Any:
    target = arn("logs", f"log-group:{made.name}")
    return [
        *on(target, "CreateLogGroup", "PutRetentionPolicy", "TagResource", "DeleteLogGroup"),
        *on(f"{target}:*", "CreateLogGroup", "PutRetentionPolicy"),
        ("logs:DescribeLogGroups", "*"),
    ]


CALLS: dict[str, Calls] = {
    "AWS::APS::RuleGroupsNamespace": lambda made: [
        *on(
            arn("aps", f"rulegroupsnamespace/ws-1/{made.resource.get('Name')}"),
            "CreateRuleGroupsNamespace",
            "PutRuleGroupsNamespace",
            "DeleteRuleGroupsNamespace",
        ),
        *on(arn("aps", "workspace/ws-1"), "ListRuleGroupsNamespaces"),
    ],
    "AWS::APS::Workspace": lambda _: [
        *on("*", "aps:CreateWorkspace", "logs:CreateLogDelivery", "logs:PutResourcePolicy"),
        *on(arn("aps", "workspace/ws-1"), "DescribeWorkspace", "CreateLoggingConfiguration", "DeleteWorkspace"),
    ],
    "AWS::ApplicationAutoScaling::ScalableTarget": lambda _: [
        *on(arn("application-autoscaling", "scalable-target/1"), "RegisterScalableTarget", "DeregisterScalableTarget"),
        linked("kafka.application-autoscaling"),
    ],
    "AWS::ApplicationAutoScaling::ScalingPolicy": lambda _: on(
        arn("application-autoscaling", "scalable-target/1"), "PutScalingPolicy", "DeleteScalingPolicy"
    ),
    "AWS::CDK::Metadata": lambda _: [],
    "AWS::CloudWatch::Alarm": lambda made: on(
        arn("cloudwatch", f"alarm:{made.name}"), "PutMetricAlarm", "DescribeAlarms", "TagResource", "DeleteAlarms"
    ),
    "AWS::CloudWatch::CompositeAlarm": lambda made: on(
        arn("cloudwatch", f"alarm:{made.name}"), "PutCompositeAlarm", "DescribeAlarms", "DeleteAlarms"
    ),
    # A dashboard has no Region in its ARN.
    "AWS::CloudWatch::Dashboard": lambda made: on(
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{made.resource.get('DashboardName')}",
        "PutDashboard",
        "GetDashboard",
        "DeleteDashboards",
    ),
    "AWS::EC2::FlowLog": lambda made: [
        *on(arn("ec2", "vpc-flow-log/fl-1"), "CreateFlowLogs", "DeleteFlowLogs", "CreateTags"),
        *on(arn("ec2", "vpc/vpc-1"), "CreateFlowLogs"),
        passed(made, "DeliverLogsPermissionArn", "vpc-flow-logs"),
    ],
    "AWS::EC2::RouteTable": ec2("route-table", "CreateRouteTable", "CreateTags", "DeleteRouteTable"),
    "AWS::EC2::SecurityGroup": ec2(
        "security-group", "CreateSecurityGroup", "AuthorizeSecurityGroupEgress", "CreateTags", "DeleteSecurityGroup"
    ),
    "AWS::EC2::SecurityGroupEgress": ec2("security-group", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"),
    "AWS::EC2::SecurityGroupIngress": ec2(
        "security-group", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "DescribeSecurityGroupRules"
    ),
    "AWS::EC2::Subnet": ec2("subnet", "CreateSubnet", "ModifySubnetAttribute", "DescribeSubnets", "DeleteSubnet"),
    "AWS::EC2::SubnetRouteTableAssociation": ec2("route-table", "AssociateRouteTable", "DisassociateRouteTable"),
    "AWS::EC2::VPC": ec2("vpc", "CreateVpc", "ModifyVpcAttribute", "DescribeVpcs", "CreateTags", "DeleteVpc"),
    "AWS::EC2::VPCEndpoint": ec2("vpc-endpoint", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
    "AWS::Events::Rule": lambda made: on(
        arn("events", f"rule/{made.name}"), "PutRule", "PutTargets", "DescribeRule", "RemoveTargets", "DeleteRule"
    ),
    "AWS::Grafana::Workspace": lambda made: [
        *on(
            "*", "grafana:CreateWorkspace", "sso:CreateManagedApplicationInstance", "organizations:DescribeOrganization"
        ),
        *on(arn("grafana", "/workspaces/g-1"), "DescribeWorkspace", "UpdateWorkspace", "DeleteWorkspace"),
        passed(made, "RoleArn", "grafana"),
    ],
    "AWS::IAM::ManagedPolicy": policy_of_roles,
    "AWS::IAM::Policy": inline_policy,
    "AWS::IAM::Role": role,
    "AWS::KMS::Key": lambda _: [
        ("kms:CreateKey", "*"),
        *on(KEY, "DescribeKey", "PutKeyPolicy", "GetKeyPolicy", "TagResource", "EnableKeyRotation"),
    ],
    "AWS::KinesisAnalyticsV2::Application": application,
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": lambda made: on(
        arn("kinesisanalytics", f"application/{made.referred('ApplicationName').name}"),
        "AddApplicationCloudWatchLoggingOption",
        "DeleteApplicationCloudWatchLoggingOption",
    ),
    "AWS::Lambda::Function": function,
    "AWS::Lambda::Permission": lambda made: on(
        arn("lambda", f"function:{made.referred('FunctionName').name}"), "AddPermission", "RemovePermission"
    ),
    "AWS::Logs::LogGroup": log_group,
    "AWS::Logs::LogStream": lambda made: on(
        arn("logs", f"log-group:{made.referred('LogGroupName').name}:log-stream:x"), "CreateLogStream"
    ),
    "AWS::Logs::MetricFilter": lambda made: on(
        arn("logs", f"log-group:{made.referred('LogGroupName').name}:x"), "PutMetricFilter", "DeleteMetricFilter"
    ),
    "AWS::Logs::QueryDefinition": lambda _: on("*", "logs:PutQueryDefinition", "logs:DeleteQueryDefinition"),
    "AWS::Logs::ResourcePolicy": lambda _: on("*", "logs:PutResourcePolicy", "logs:DeleteResourcePolicy"),
    "AWS::MSK::Cluster": lambda made: [
        *on(arn("kafka", f"cluster/{made.name}/1-2"), "CreateCluster", "DescribeCluster", "UpdateBrokerType"),
        *on(arn("kafka", f"configuration/{made.name}-configuration/1"), "UpdateClusterConfiguration"),
        *on("*", "ec2:DescribeSubnets", "logs:CreateLogDelivery"),
        ("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "true"}),
        linked("kafka"),
    ],
    "AWS::MSK::Configuration": lambda made: on(
        arn("kafka", f"configuration/{made.name}/1-2"), "CreateConfiguration", "UpdateConfiguration"
    ),
    "AWS::MSK::Topic": topic,
    "AWS::Scheduler::Schedule": lambda made: [
        *on(arn("scheduler", f"schedule/default/{made.name}"), "CreateSchedule", "GetSchedule"),
        *on(arn("scheduler", f"schedule/default/{made.name}"), "UpdateSchedule", "DeleteSchedule"),
        passed(made, "Target.RoleArn", "scheduler"),
    ],
    "AWS::SNS::Topic": lambda made: on(
        arn("sns", str(made.resource.get("TopicName"))), "CreateTopic", "GetTopicAttributes", "DeleteTopic"
    ),
    "AWS::SNS::TopicPolicy": lambda _: on(arn("sns", "penstock-prod-alarms"), "SetTopicAttributes"),
    "AWS::StepFunctions::StateMachine": lambda made: [
        *on(arn("states", f"stateMachine:{made.name}"), "CreateStateMachine", "UpdateStateMachine", "TagResource"),
        passed(made, "RoleArn", "states"),
    ],
    "Custom::": lambda made: on(arn("lambda", f"function:{made.referred('ServiceToken').name}"), "InvokeFunction"),
}


@pytest.fixture(scope="module")
def stacks(cdk_context: dict[str, Any], job_zip: Path) -> list[SynthesizedStack]:
    app = build_app(App(context={**cdk_context, "package": str(job_zip), "env": "prod"}))
    return with_target(read_assembly(Path(app.synth().directory)), ACCOUNT, REGION)


@pytest.fixture(scope="module")
def policies(stacks: list[SynthesizedStack]) -> list[NamedPolicy]:
    (found,) = execution_policies(stacks)
    return [NamedPolicy(name=str(number), document=each) for number, each in enumerate(found.documents)]


def is_allowed(policies: list[NamedPolicy], action: str, target: str, context: dict[str, str] | None = None) -> bool:
    known = {"aws:RequestedRegion": REGION, **(context or {})}
    request = Request(caller=CALLER, action=action, resource=target, context=known)
    # The keys of prod leave nothing to IAM; CloudFormation's role is let in by their own policies.
    resource_policy = DELEGATING if action.startswith("kms:") else None
    return decide(request, identity_policies=policies, resource_policy=resource_policy).allowed


def test_every_call_of_every_resource_is_allowed(stacks: list[SynthesizedStack], policies: list[NamedPolicy]) -> None:
    asked = 0
    for stack in stacks:
        for resource in stack.template.resources():
            calls = CALLS["Custom::" if resource.type.startswith("Custom::") else resource.type]
            for action, target, *context in calls(Made(stack, resource)):
                assert is_allowed(policies, action, target, *context), (resource.logical_id, action, target)
                asked += 1
    assert asked > 300


def test_what_a_template_reads_besides_is_allowed(policies: list[NamedPolicy]) -> None:
    assert is_allowed(policies, "ssm:GetParameters", arn("ssm", "parameter/cdk-bootstrap/hnb659fds/version"))


@pytest.mark.parametrize(
    ("action", "target", "context"),
    [
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x", {}),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/x", {}),
        ("iam:CreateRole", role_arn("Admin"), {}),
        ("iam:CreateRole", role_arn("Staging-Processing-Role-1"), {}),
        ("iam:PutRolePolicy", CALLER.arn, {}),
        ("iam:UpdateAssumeRolePolicy", CALLER.arn, {}),
        ("iam:AttachRolePolicy", CALLER.arn, {"iam:PolicyARN": ADMINISTRATOR}),
        (
            "iam:AttachRolePolicy",
            role_arn("Prod-Network-R"),
            {"iam:PolicyARN": ADMINISTRATOR},
        ),
        ("iam:PassRole", role_arn("Admin"), {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:PassRole", role_arn("Prod-Network-R"), {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:CreateServiceLinkedRole", role_arn("aws-service-role/x"), {"iam:AWSServiceName": "rds.amazonaws.com"}),
        ("kms:Decrypt", KEY, {}),
        ("kms:Decrypt", KEY, {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}),
        ("kms:CreateGrant", KEY, {}),
        ("kms:DisableKey", KEY, {}),
        ("lambda:InvokeFunction", arn("lambda", "function:Staging-Processing-Function"), {}),
        ("lambda:UpdateFunctionCode", arn("lambda", "function:payments"), {}),
        ("kinesisanalytics:UpdateApplication", arn("kinesisanalytics", "application/payments"), {}),
        ("kinesisanalytics:StartApplication", arn("kinesisanalytics", "application/vehicle-metrics-prod"), {}),
        ("kafka:DeleteCluster", arn("kafka", "cluster/payments/1"), {}),
        ("kafka-cluster:ReadData", arn("kafka", "topic/vehicles-prod/1/vehicle-events"), {}),
        ("logs:DeleteLogGroup", arn("logs", "log-group:/payments"), {}),
        ("s3:GetObject", "arn:aws:s3:::payments/1", {}),
        ("s3:PutObject", f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}/1.zip", {}),
        ("ssm:GetParameters", arn("ssm", "parameter/password"), {}),
        ("sts:AssumeRole", role_arn("Admin"), {}),
        ("ec2:RunInstances", arn("ec2", "instance/*"), {}),
        ("cloudformation:DeleteStack", arn("cloudformation", "stack/Prod-Network/1"), {}),
    ],
)
def test_nothing_beyond_is_allowed(
    policies: list[NamedPolicy], action: str, target: str, context: dict[str, str]
) -> None:
    assert not is_allowed(policies, action, target, context)


def test_no_action_is_a_wildcard_and_what_has_an_arn_is_named(policies: list[NamedPolicy]) -> None:
    for policy in policies:
        for statement in policy.document.statements:
            assert not [each for each in statement.actions if "*" in each]
            for target in statement.resources:
                assert target == "*" or target.count(":") >= 5
                # Ids that AWS gives out are unknown before; of a name, at least the stack is known.
                unknown = target.rpartition(":")[2]
                assert unknown != "*" or ":log-group:" in target or target == "*"


def test_they_fit_into_the_policies_of_one_role(policies: list[NamedPolicy]) -> None:
    assert 1 <= len(policies) <= 10
    for policy in policies:
        assert len("".join(json.dumps(policy.document.to_json()).split())) <= 6144
