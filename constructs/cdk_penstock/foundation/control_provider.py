"""Provider of penstock's custom resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack, cast

from aws_cdk import Acknowledgment, CustomResource, Duration, Stack, Validations, custom_resources
from aws_cdk import aws_iam as iam

from cdk_penstock.foundation.handler_construct import HandlerConstruct
from cdk_penstock.foundation.wildcards import record_wildcard

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk.aws_stepfunctions import CfnStateMachine
    from constructs import Construct

    from cdk_penstock.foundation.handler_construct import HandlerOptions
    from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties

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


class ControlProvider(HandlerConstruct):
    """A handler of ``cdk_penstock.handlers``, ``on_event`` and ``is_complete``, behind the CDK's provider framework.

    The framework calls the handler until the operation is done, so an operation may take longer than one call of a
    Lambda function: 55 minutes at most.

    Parameters
    ----------
    options
        HandlerOptions.
    """

    def __init__(self, scope: Construct, construct_id: str, **options: Unpack[HandlerOptions]) -> None:
        super().__init__(scope, construct_id, **options)
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
