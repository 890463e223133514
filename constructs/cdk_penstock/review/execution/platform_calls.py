"""Calls of CloudFormation besides those of resource handlers: functions, parameters, custom resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.execution.call import ANYTHING, Call
from cdk_penstock.review.execution.handler_calls import in_region
from cdk_penstock.review.execution.resource_arns import arns_of
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.execution.target import Target
    from cdk_penstock.review.templates import Resource

_PARAMETER: Final = "AWS::SSM::Parameter::"
_ZONES: Final = ("ec2:DescribeAccountAttributes", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets")
"""Call that ``Fn::GetAZs`` makes, according to its page in the user guide."""


def is_custom(resource_type: str) -> bool:
    """Return True if a function makes the resource, and no handler of a type."""
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"


def custom_resource_calls(resource: Resource, target: Target) -> Iterator[Call]:
    """Yield the call that hands a custom resource to its function or topic."""
    for arn in arns_of(resource, target, ("@ServiceToken",)):
        action = "sns:Publish" if ":sns:" in arn else "lambda:InvokeFunction"
        yield Call(action=action, resources=(arn,))


def stack_calls(stack: SynthesizedStack, target: Target) -> Iterator[Call]:
    """Yield the calls that a template's functions and parameters lead to."""
    place = f"{target.region}:{target.account}"
    for parameter in as_mapping(stack.template.body.get("Parameters")).values():
        if str(parameter.get("Type")).startswith(_PARAMETER):
            name = str(parameter.get("Default", "*")).removeprefix("/")
            yield Call(action="ssm:GetParameters", resources=(f"arn:{target.partition}:ssm:{place}:parameter/{name}",))
    for output in _functions(stack.template.body, "Fn::GetStackOutput"):
        yield _output_read(Resolution(stack).resolve(output), target)
    if any(True for _ in _functions(stack.template.body, "Fn::GetAZs")):
        for action in _ZONES:
            yield Call(action=action, resources=ANYTHING, conditions=in_region(action, target))


def _output_read(output: dict[str, str], target: Target) -> Call:
    if "RoleArn" in output:
        # The role of the other account reads there; CloudFormation's role only assumes it.
        return Call(action="sts:AssumeRole", resources=(output["RoleArn"],))
    place = f"{output.get('Region', target.region)}:{target.account}"
    arn = f"arn:{target.partition}:cloudformation:{place}:stack/{output['StackName']}/*"
    return Call(action="cloudformation:DescribeStacks", resources=(arn,))


def dynamic_references(value: Any) -> Iterator[str]:
    """Yield every text with a dynamic reference, which CloudFormation resolves with permissions that are not known."""
    match value:
        case str():
            if "{{resolve:" in value:
                yield value
        case dict():
            for each in value.values():
                yield from dynamic_references(each)
        case list():
            for each in value:
                yield from dynamic_references(each)


def _functions(value: Any, name: str) -> Iterator[Any]:
    match value:
        case dict():
            if name in value:
                yield value[name]
            for each in value.values():
                yield from _functions(each, name)
        case list():
            for each in value:
                yield from _functions(each, name)
