"""The role that an application's job runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from cdk_penstock.application.granted_policies import GrantedPolicies
from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.wildcards import (
    DEPLOYED_CODE,
    DESCRIBE_LOG_GROUPS,
    DESCRIBE_NETWORK,
    NETWORK_INTERFACES,
    OWN_LOG_GROUP,
    PUT_METRIC_DATA,
    record_wildcard,
)
from cdk_penstock.model.names import METRICS_NAMESPACE, SERVICE_PRINCIPAL
from cdk_penstock.model.regions import via_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import RemovalPolicy
    from constructs import Construct, IDependable

    from cdk_penstock.application.application_code import CodeBinding
    from cdk_penstock.application.application_log import ApplicationLog
    from cdk_penstock.application.application_network import ApplicationNetwork

_POLICY_NAME = "Application"


class _Statement(TypedDict):
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: NotRequired[Mapping[str, Mapping[str, object]] | None]
    wildcard_reason: NotRequired[str | None]


class ExecutionRole(iam.Role):
    """A role that only one application may assume: what MSF checks is inline, what the job is granted is not.

    MSF checks code, log and network when it creates the application. A separate policy may not be in force by then, an
    inline policy is (aws-cdk issues 21552 and 34325). Whatever is granted lands in separate policies, which the
    application waits for: what a grant names may have a policy that names the role, as a secret's key has, and then
    comes after the role.

    An inline policy is changed in place, before the application is. So what it allows on one code object or in some
    subnets stands in the granted policies as well, and is allowed on the old ones until the job has left them.

    The trust policy names the application by ARN and account, against the confused deputy
    (managed-flink, iam-cross-service-confused-deputy-prevention).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, application_arn: str, removal_policy: RemovalPolicy
    ) -> None:
        self._inline = iam.PolicyDocument()
        stack = Stack.of(scope)
        super().__init__(
            scope,
            construct_id,
            description="Execution role of a Managed Service for Apache Flink application",
            assumed_by=iam.ServicePrincipal(
                SERVICE_PRINCIPAL,
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnEquals": {"aws:SourceArn": application_arn},
                },
            ),
            inline_policies={_POLICY_NAME: self._inline},
        )
        self.apply_removal_policy(removal_policy)
        self._granted = GrantedPolicies(self, removal_policy=removal_policy)

    @property
    def granted(self) -> IDependable:
        """The policies with all that is granted, for whoever waits for them."""
        return self._granted.all

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to the policy of what is granted; CDK's grants arrive here."""
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._granted.add(statement))

    def add_to_policy(self, statement: iam.PolicyStatement) -> bool:
        """Add a statement to the policy of what is granted."""
        return self.add_to_principal_policy(statement).statement_added

    def allow(self, sid: str, **options: Unpack[_Statement]) -> None:
        """Add an Allow statement to the policy of what is granted.

        A resource with ``*`` in it needs a ``wildcard_reason``, which is recorded for cdk-nag, for penstock's own
        checks and for whoever reviews the template; without one, ApplicationPropsError is raised.
        """
        self.add_to_principal_policy(self._statement(sid, **options))

    def allow_code(self, code: CodeBinding) -> None:
        """Allow to read exactly the code object, and to decrypt with exactly its bucket's key, through S3 only."""
        self._allow_twice("ReadCode", actions=["s3:GetObject", "s3:GetObjectVersion"], resources=[code.object_arn])
        if code.encryption_key is not None:
            self._allow_twice(
                "DecryptCode",
                actions=["kms:Decrypt"],
                resources=[code.encryption_key.key_arn],
                conditions={"StringEquals": via_service("s3", Stack.of(self).region)},
            )

    def allow_deployed_code(self, code: CodeBinding, application_name: str) -> None:
        """Allow to read objects beside the code that are named after the application."""
        folder = code.object_key.rpartition("/")[0]
        name = f"{folder}/{application_name}-*" if folder else f"{application_name}-*"
        self.allow(
            "ReadDeployedCode",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[code.bucket.arn_for_objects(name)],
            wildcard_reason=DEPLOYED_CODE,
        )

    def allow_logging(self, log: ApplicationLog) -> None:
        """Allow to write to the application's own log stream, and to find it."""
        self._allow_inline("WriteLog", actions=["logs:PutLogEvents"], resources=[log.stream_arn])
        self._allow_inline(
            "FindLogStream",
            actions=["logs:DescribeLogStreams"],
            resources=[f"{log.group_arn}:*"],
            wildcard_reason=OWN_LOG_GROUP,
        )
        self._allow_inline(
            "FindLogGroup",
            actions=["logs:DescribeLogGroups"],
            resources=["*"],
            wildcard_reason=DESCRIBE_LOG_GROUPS,
        )

    def allow_metrics(self) -> None:
        """Allow to publish metrics, in MSF's own namespace only."""
        self._allow_inline(
            "PublishMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}},
            wildcard_reason=PUT_METRIC_DATA,
        )

    def allow_network(self, network: ApplicationNetwork) -> None:
        """Allow to attach network interfaces in the application's own subnets, with its own security groups.

        AWS's page asks for all of it on ``*`` (managed-flink, vpc-permissions). IAM can do better: creating is held to
        the subnets and security groups, and what happens to an interface to those in these subnets. The Describe
        actions know no resource.
        """
        self._allow_inline(
            "DescribeNetwork",
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
            wildcard_reason=DESCRIBE_NETWORK,
        )
        self._allow_twice(
            "CreateNetworkInterfaceInOwnSubnets",
            actions=["ec2:CreateNetworkInterface"],
            resources=[*network.subnet_arns, *network.security_group_arns],
        )
        self._allow_twice(
            "UseNetworkInterfacesInOwnSubnets",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
            ],
            resources=[network.any_network_interface_arn],
            conditions={"ArnEquals": {"ec2:Subnet": network.subnet_arns}},
            wildcard_reason=NETWORK_INTERFACES,
        )

    def _allow_twice(self, sid: str, **options: Unpack[_Statement]) -> None:
        """Allow what an update may change: at once when the role is made, and until the update is over."""
        self._allow_inline(sid, **options)
        self.allow(sid, **options)

    def _allow_inline(self, sid: str, **options: Unpack[_Statement]) -> None:
        self._inline.add_statements(self._statement(sid, **options))

    def _statement(self, sid: str, **options: Unpack[_Statement]) -> iam.PolicyStatement:
        actions, resources = list(options["actions"]), list(options["resources"])
        wildcard_reason = options.get("wildcard_reason")
        for resource in resources:
            if "*" not in resource:
                continue
            if wildcard_reason is None:
                raise ApplicationPropsError(
                    f"statement {sid!r} allows {', '.join(actions)} on the wildcard resource {resource!r}: name the"
                    " resources, or say in wildcard_reason why that is not possible"
                )
            record_wildcard(self, actions=actions, resource=resource, reason=wildcard_reason)
        return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=options.get("conditions"))
