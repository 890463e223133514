"""The policies with which CloudFormation's role may deploy the stacks of an assembly, and do nothing else.

Source of the calls: the schemas of CloudFormation's resource types (``permissions.json``). One thing that no template
shows is assumed: names that CloudFormation makes begin with the stack's name or the logical id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import Statement
from cdk_penstock.model.policies.managed_policies import managed_policies
from cdk_penstock.model.policies.matching import arn_matches
from cdk_penstock.review.condition_variants import variants
from cdk_penstock.review.execution.call import ANYTHING
from cdk_penstock.review.execution.handler_calls import calls_for
from cdk_penstock.review.execution.permissions import covers
from cdk_penstock.review.execution.platform_calls import (
    custom_resource_calls,
    dynamic_references,
    is_custom,
    stack_calls,
)
from cdk_penstock.review.execution.target import Target
from cdk_penstock.review.templates import SHAPE_ERRORS, Templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_penstock.model.policies.documents import PolicyDocument
    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.execution.call import Call, Condition

_FIX: Final = (
    "add another policy for it beside these, or take its stack out with --environment, and report the type to"
    " penstock's maintainers"
)


class ExecutionPolicyError(PenstockError):
    """Templates for which penstock cannot write a complete policy."""


@dataclass(frozen=True, kw_only=True)
class ExecutionPolicies:
    """The policies of CloudFormation's role in one account and Region.

    Parameters
    ----------
    account, region
        The account and Region of the role that they are attached to.
    stacks
        The names of the stacks that the role deploys.
    documents
        One document for each managed policy.
    """

    account: str
    region: str
    stacks: tuple[str, ...]
    documents: tuple[PolicyDocument, ...]

    @property
    def name(self) -> str:
        """The name of a policy, without its number."""
        return f"execution-policy-{self.account}-{self.region}"


def execution_policies(stacks: Sequence[SynthesizedStack]) -> tuple[ExecutionPolicies, ...]:
    """Return the policies for each account and Region that the stacks go to.

    Raises ExecutionPolicyError for a stack without account and Region, and for a template with a resource type or a
    function whose calls are unknown: without them, the deployment would fail half way.
    """
    for stack in stacks:
        if stack.is_for_anywhere:
            raise ExecutionPolicyError(
                f"{stack.name} is synthesized for any account or Region, expected one, which the ARNs of a policy name:"
                " pass --account and --region, or set account and region in the environment's file"
            )
    places = dict.fromkeys((stack.account, stack.region) for stack in stacks)
    return tuple(
        _policies(Target(tuple(stack for stack in stacks if (stack.account, stack.region) == place)))
        for place in places
    )


def _policies(target: Target) -> ExecutionPolicies:
    _refuse_unknown(target)
    return ExecutionPolicies(
        account=target.account,
        region=target.region,
        stacks=tuple(stack.name for stack in target.stacks),
        documents=managed_policies(_statements(_calls(target))),
    )


def _refuse_unknown(target: Target) -> None:
    strange = {each.type: each for each in target.templates.resources() if not _is_known(each.type)}
    texts = [text for stack in target.stacks for text in dynamic_references(stack.template.body)]
    unknown = [f"{each.type} ({each.logical_id} of {target.stack_of(each).name})" for each in strange.values()]
    unknown += [f"the dynamic reference {text}" for text in texts]
    unknown += [f"the transform of {stack.name}" for stack in target.stacks if "Transform" in stack.template.body]
    if unknown:
        raise ExecutionPolicyError(f"CloudFormation's calls are unknown for {', '.join(unknown)}: {_FIX}")


def _is_known(resource_type: str) -> bool:
    return is_custom(resource_type) or covers(resource_type)


def _calls(target: Target) -> Iterator[Call]:
    """Yield every call under any choice of the templates' conditions."""
    for chosen in variants(Templates(target.templates.all)):
        variant = target.with_templates(chosen.all)
        for resource in variant.templates.resources():
            calls = custom_resource_calls if is_custom(resource.type) else calls_for
            yield from _read(f"{resource.logical_id} of {variant.stack_of(resource).name}", calls(resource, variant))
        for stack in variant.stacks:
            yield from _read(stack.name, stack_calls(stack, variant))


def _read(what: str, calls: Iterator[Call]) -> Iterator[Call]:
    try:
        yield from calls
    except SHAPE_ERRORS as error:
        raise ExecutionPolicyError(f"the template of {what} has an unknown form ({error!r}): {_FIX}") from error


def _statements(calls: Iterable[Call]) -> Iterator[Statement]:
    """Yield one statement for all actions of a service on the same resources under the same conditions."""
    resources: dict[tuple[str, tuple[Condition, ...]], set[str]] = {}
    for call in (each for each in calls if each.resources):
        resources.setdefault((call.action, call.conditions), set()).update(call.resources)
    alike: dict[tuple[str, tuple[str, ...], tuple[Condition, ...]], list[str]] = {}
    for (action, conditions), patterns in resources.items():
        # Actions without resources stand together, for all services.
        service = "" if patterns == set(ANYTHING) else action.partition(":")[0]
        alike.setdefault((service, _without_covered(patterns), conditions), []).append(action)
    for (_, arns, conditions), actions in sorted(alike.items()):
        yield Statement(actions=tuple(sorted(actions)), resources=arns, conditions=_as_mapping(conditions))


def _without_covered(arns: set[str]) -> tuple[str, ...]:
    """Return the patterns that no other pattern covers."""
    return tuple(sorted(arn for arn in arns if not any(other != arn and arn_matches(other, arn) for other in arns)))


def _as_mapping(conditions: tuple[Condition, ...]) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for operator, key, values in conditions:
        found.setdefault(operator, {})[key] = values
    return found
