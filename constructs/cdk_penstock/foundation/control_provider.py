"""Provider of penstock's custom resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import Acknowledgment, CustomResource, Duration, RemovalPolicy, Stack, Validations, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_penstock.foundation.control_code import DATA_PATH_VARIABLE, LAMBDA_DATA_PATH, control_code_folder
from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.log_encryption import build_log_group
from cdk_penstock.foundation.wildcards import record_wildcard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk.aws_stepfunctions import CfnStateMachine

    from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties

_HANDLER_TIMEOUT_MINUTES: Final = 10
# The framework answers before CloudFormation gives up (AWS::CloudFormation::CustomResource, ServiceTimeout: one hour).
_TOTAL_TIMEOUT_MINUTES: Final = 55
_QUERY_INTERVAL_SECONDS: Final = 20
_WAITER_INVOKES: Final = (
    "the waiter of the CDK's provider framework may invoke any version of exactly the two functions that it calls"
)
_WAITER_LOGS: Final = (
    "the waiter only repeats a call whose function logs each answer; another log would need account-wide log actions"
)
_WAITER_TRACES: Final = "the waiter calls one function in a loop, so that a trace says no more than the function's log"
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


class ControlProvider(Construct):
    """A handler of ``cdk_penstock.handlers`` behind the CDK's provider framework.

    The framework calls the handler until the operation is done, so an operation may take longer than one call of a
    Lambda function: 55 minutes at most. The handler may write its log, and do what ``role`` is granted.

    Parameters
    ----------
    handler
        ``application`` for the module ``cdk_penstock.handlers.application_handler``, with its ``on_event`` and
        ``is_complete``.
    log_retention
        Retention of the handler's log. Default: three months.
    encryption_key
        Key of the log and of the functions' environment; its policy then allows CloudWatch Logs to use it for this log.
        Default: keys that AWS owns.
    vpc, vpc_subnets, security_groups
        Network of the functions, for a handler that calls something in a VPC. Default: no VPC.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        encryption_key: kms.IKey | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._module = f"cdk_penstock.handlers.{handler}_handler"
        self._encryption_key = encryption_key
        self._network: dict[str, Any] = {
            "vpc": vpc,
            "vpc_subnets": vpc_subnets,
            "security_groups": security_groups,
        }
        self._operators: set[str] = set()
        self.log_group = build_log_group(
            self,
            "Log",
            retention=log_retention,
            encryption_key=encryption_key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._build_logging_role("Role", f"Runs {self._module}")
        if vpc is not None:
            self.allow(_INTERFACE_ACTIONS, resource="*", wildcard_reason=_NETWORK_INTERFACES)
        self.on_event = self._build_function("OnEvent", "on_event")
        self.is_complete = self._build_function("IsComplete", "is_complete")
        self._framework_roles = [
            self._build_logging_role("OnEventFrameworkRole", "Calls the handler when its resource changes"),
            self._build_logging_role("IsCompleteFrameworkRole", "Asks the handler whether it is done"),
        ]
        self._framework = self._build_framework()

    @classmethod
    def of(cls, scope: Construct, handler: str) -> ControlProvider:
        """Return the provider of this handler that all resources of the stack share; it is created on first use."""
        stack = Stack.of(scope)
        name = f"Penstock{''.join(part.capitalize() for part in handler.split('_'))}"
        existing = stack.node.try_find_child(name)
        return existing if isinstance(existing, cls) else cls(stack, name, handler=handler)

    def act_as(self, operator: iam.Role) -> None:
        """Allow the handler to assume this role, in the handler's policy and in the role's trust policy."""
        if operator.node.path in self._operators:
            return
        self._operators.add(operator.node.path)
        self.role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[operator.role_arn]))
        if operator.assume_role_policy is not None:
            operator.assume_role_policy.add_statements(
                iam.PolicyStatement(
                    sid="AutomationActsAsOperator",
                    actions=["sts:AssumeRole"],
                    principals=[iam.ArnPrincipal(self.role.role_arn)],
                )
            )

    def allow(self, actions: Sequence[str], *, resource: str, wildcard_reason: str | None = None) -> None:
        """Allow the handler these actions; a resource with ``*`` in it needs a reason, which is recorded."""
        allow(self.role, actions=actions, resources=[resource], wildcard_reason=wildcard_reason)

    def build_resource(
        self, scope: Construct, construct_id: str, properties: CustomResourceProperties
    ) -> CustomResource:
        """Add a custom resource of this handler; it is created after the handler's permissions."""
        resource = CustomResource(
            scope,
            construct_id,
            resource_type=properties.resource_type,
            service_token=self._framework.service_token,
            properties=properties.to_properties(),
        )
        # Without this dependency a function may run before its role has its policies.
        resource.node.add_dependency(self.role, *self._framework_roles)
        return resource

    def _build_logging_role(self, construct_id: str, description: str) -> iam.Role:
        role = iam.Role(
            self, construct_id, description=description, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.log_group.grant_write(role)
        return role

    def _build_function(self, construct_id: str, function: str) -> lambda_.Function:
        return lambda_.Function(
            self,
            construct_id,
            description=f"{self._module}.{function}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            code=lambda_.Code.from_asset(control_code_folder()),
            handler=f"{self._module}.{function}",
            role=self.role.without_policy_updates(),
            timeout=Duration.minutes(_HANDLER_TIMEOUT_MINUTES),
            memory_size=256,
            log_group=self.log_group,
            environment={DATA_PATH_VARIABLE: LAMBDA_DATA_PATH},
            environment_encryption=self._encryption_key,
            **self._network,
        )

    def _build_framework(self) -> custom_resources.Provider:
        """Add the framework, with narrower roles than the CDK's, which may invoke any version and log anywhere."""
        on_event_role, is_complete_role = self._framework_roles
        framework = custom_resources.Provider(
            self,
            "Framework",
            on_event_handler=self.on_event,
            is_complete_handler=self.is_complete,
            total_timeout=Duration.minutes(_TOTAL_TIMEOUT_MINUTES),
            query_interval=Duration.seconds(_QUERY_INTERVAL_SECONDS),
            log_group=self.log_group,
            disable_waiter_state_machine_logging=True,
            provider_function_env_encryption=self._encryption_key,
            framework_on_event_role=on_event_role.without_policy_updates(),
            framework_complete_and_timeout_role=is_complete_role.without_policy_updates(),
        )
        for role, function in ((on_event_role, self.on_event), (is_complete_role, self.is_complete)):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["lambda:GetFunction", "lambda:InvokeFunction"], resources=[function.function_arn]
                )
            )
        self._grant_waiter(framework, on_event_role)
        return framework

    @staticmethod
    def _grant_waiter(framework: custom_resources.Provider, starter: iam.Role) -> None:
        """Allow the framework to start its waiter, and record the wider permissions that the CDK gives the waiter."""
        waiter = framework.node.find_child("waiter-state-machine")
        machine = cast("CfnStateMachine", waiter.node.find_child("Resource"))
        starter.add_to_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine.ref]))
        for child in ("framework-isComplete", "framework-onTimeout"):
            function = cast("lambda_.Function", framework.node.find_child(child))
            record_wildcard(
                waiter,
                actions=["lambda:InvokeFunction"],
                resource=f"{function.function_arn}:*",
                reason=_WAITER_INVOKES,
            )
        Validations.of(waiter).acknowledge(
            Acknowledgment(id="AwsSolutions-SF1", reason=_WAITER_LOGS),
            Acknowledgment(id="AwsSolutions-SF2", reason=_WAITER_TRACES),
        )


def scope_of(manager: Construct, managed: Construct) -> Construct:
    """Return the scope of the resources with which one construct manages another: the latter, if in the same stack.

    Their logical ids then stay the same when the managing construct is moved or renamed.
    """
    return managed if Stack.of(managed) is Stack.of(manager) else manager
