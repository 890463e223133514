"""The common part of everything that runs one of penstock's handlers: a role, a log and the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Required, TypedDict, Unpack

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_penstock.foundation.control_code import DATA_PATH_VARIABLE, LAMBDA_DATA_PATH, control_code_folder
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.log_encryption import build_log_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms

_TIMEOUT_MINUTES: Final = 10
_NETWORK_INTERFACES: Final = (
    "Lambda manages network interfaces whose ids are not known before (Lambda, Giving Lambda functions access to"
    " resources in an Amazon VPC)"
)
_INTERFACE_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class HandlerOptions(TypedDict, total=False):
    """Options of HandlerConstruct.

    Parameters
    ----------
    handler
        ``application`` for the module ``cdk_penstock.handlers.application_handler``.
    log_retention
        Retention of the log. Default: three months.
    encryption_key
        Key of the log and of the functions' environment; its policy then allows CloudWatch Logs to use it for this log.
        Default: keys that AWS owns.
    vpc, vpc_subnets, security_groups
        Network of the functions, for a handler that calls something in a VPC. Default: no VPC.
    """

    handler: Required[str]
    log_retention: logs.RetentionDays
    encryption_key: kms.IKey | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None


class HandlerConstruct(Construct):
    """The functions of a module of ``cdk_penstock.handlers``, which share a role and a log.

    They may write their log, and do what ``role`` is granted.

    Parameters
    ----------
    options
        HandlerOptions.
    """

    def __init__(self, scope: Construct, construct_id: str, **options: Unpack[HandlerOptions]) -> None:
        super().__init__(scope, construct_id)
        self._module = f"cdk_penstock.handlers.{options['handler']}_handler"
        self._encryption_key = options.get("encryption_key")
        self._network: dict[str, Any] = {name: options.get(name) for name in ("vpc", "vpc_subnets", "security_groups")}
        self._operators: set[str] = set()
        self.log_group = build_log_group(
            self,
            "Log",
            retention=options.get("log_retention", logs.RetentionDays.THREE_MONTHS),
            encryption_key=self._encryption_key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._build_logging_role("Role", f"Runs {self._module}")
        if self._network["vpc"] is not None:
            self.allow(_INTERFACE_ACTIONS, resource="*", wildcard_reason=_NETWORK_INTERFACES)

    def act_as(self, operator: iam.Role) -> None:
        """Allow the handler to assume this role, in the handler's policy and in the role's trust policy."""
        if operator.node.path in self._operators:
            return
        self._operators.add(operator.node.path)
        # An OperatorRole knows who may assume it, so that a guard can tell everybody else.
        known = getattr(operator, "trusted_arns", None)
        if isinstance(known, list):
            known.append(self.role.role_arn)
        self.role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[operator.role_arn]))
        if operator.assume_role_policy is not None:
            operator.assume_role_policy.add_statements(
                iam.PolicyStatement(actions=["sts:AssumeRole"], principals=[iam.ArnPrincipal(self.role.role_arn)])
            )

    def allow(self, actions: Sequence[str], *, resource: str, wildcard_reason: str | None = None) -> None:
        """Allow the handler these actions; a resource with ``*`` in it needs a reason, which is recorded."""
        allow(self.role, actions=actions, resources=[resource], wildcard_reason=wildcard_reason)

    def _build_logging_role(self, construct_id: str, description: str) -> iam.Role:
        role = iam.Role(
            self, construct_id, description=description, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.log_group.grant_write(role)
        return role

    def _build_function(
        self, construct_id: str, function: str, *, environment: Mapping[str, str] | None = None
    ) -> lambda_.Function:
        return lambda_.Function(
            self,
            construct_id,
            description=f"{self._module}.{function}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            code=lambda_.Code.from_asset(control_code_folder()),
            handler=f"{self._module}.{function}",
            role=self.role.without_policy_updates(),
            timeout=Duration.minutes(_TIMEOUT_MINUTES),
            memory_size=256,
            log_group=self.log_group,
            environment={DATA_PATH_VARIABLE: LAMBDA_DATA_PATH, **(environment or {})},
            environment_encryption=self._encryption_key,
            **self._network,
        )
