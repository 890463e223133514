"""CloudFormation's own calls, with the execution role of the stack, before each change of a resource.

Source: the schemas of resource types, as ``review.execution`` reads them. The ARN in a record is the resource's where
it is known, else the pattern that a policy would need: then it has a ``*``. An action applies to resources of one kind,
and the schema does not tell which: a call is allowed if it is for one of the resources that it may be for.

Not asked here: calls of KMS for the data of another service, which that service makes; and the calls for keys, aliases
and applications, whose providers make them one by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.policies.matching import arn_matches
from cdk_penstock.rehearsal.providers.arn_forms import name_property
from cdk_penstock.rehearsal.providers.needed_calls import is_needed
from cdk_penstock.rehearsal.providers.resource_identity import identity_of, nested
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError
from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.execution.call import ANYTHING
from cdk_penstock.review.execution.handler_calls import calls_for
from cdk_penstock.review.execution.permissions import covers
from cdk_penstock.review.execution.platform_calls import custom_resource_calls, is_custom
from cdk_penstock.review.execution.target import Target
from cdk_penstock.review.templates import Resource, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.rehearsal.engine.resources import Wanted
    from cdk_penstock.rehearsal.world.world import World
    from cdk_penstock.review.execution.call import Call

_ASKED_BY_PROVIDER: Final = ("AWS::KMS::", "AWS::KinesisAnalyticsV2::Application")
_POLICY_ARN: Final = "iam:PolicyARN"
_GLOBAL_REGION: Final = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_WITHOUT_REGION: Final = frozenset({"iam", "organizations", "sts"})


class CloudFormationCalls:
    """Asks for the calls that CloudFormation makes.

    Parameters
    ----------
    world
        The world.

    Attributes
    ----------
    unknown_types
        The types whose calls are not known: the execution role is not judged for them.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.unknown_types: set[str] = set()

    def before(self, operation: str, wanted: Wanted) -> None:
        """Ask for the calls of an operation (``create``, ``update``, ``delete``) on a resource.

        Raises DeniedError if a call without which it fails is not allowed; the others are only recorded.
        """
        if wanted.type.startswith(_ASKED_BY_PROVIDER):
            return
        if not (is_custom(wanted.type) or covers(wanted.type)):
            self._name_unknown(wanted.type)
            return
        resource, target = self._as_template(wanted)
        handler = custom_resource_calls(resource, target) if is_custom(wanted.type) else None
        calls = [
            each
            for each in handler or calls_for(resource, target, operation)
            if not each.action.startswith("kms:") and each.resources
        ]
        actions = {each.action for each in calls}
        for call in calls:
            needed = is_needed(wanted.type, operation, call.action, actions, wanted.properties)
            for context in _contexts(call, wanted):
                self._ask(wanted, call, context, needed=needed)

    def _ask(self, wanted: Wanted, call: Call, context: Mapping[str, str], *, needed: bool) -> None:
        actor = replace(wanted.place.cloudformation, is_optional=not needed)
        resources = tuple(self._resources(call, wanted))
        decision = self._world.authority.ask_for_any(actor, call.action, resources, context)
        if needed and not decision.allowed:
            raise DeniedError(
                f'Resource handler returned message: "User: {actor.arn} is not authorized to perform: {call.action} on'
                f' resource: {resources[0]}" (HandlerErrorCode: AccessDenied): {decision.reason}'
            )

    def _resources(self, call: Call, wanted: Wanted) -> Iterator[str]:
        """Yield the ARNs that the call may be for: the real ones where they are known."""
        if call.resources == ANYTHING:
            yield from ANYTHING
            return
        known = list(self._known_arns(wanted))
        exact = [arn for arn in call.resources if "*" not in arn]
        for pattern in call.resources:
            exact += [arn for arn in known if "*" in pattern and arn_matches(pattern, arn) and arn not in exact]
        yield from exact
        for pattern in call.resources:
            # CloudWatch Logs and Lambda: the ARN of what is in the resource.
            if not exact or (pattern.endswith(":*") and pattern.removesuffix(":*") in exact):
                yield pattern

    def _known_arns(self, wanted: Wanted) -> Iterator[str]:
        yield self._identity(wanted)[1]
        texts = set(_texts(wanted.properties))
        yield from (record.arn for record in self._world.records.with_ids(texts) if record.arn)
        code = nested(wanted.properties, "Code")
        if isinstance(code, dict) and "S3Key" in code:
            yield f"arn:{wanted.place.partition}:s3:::{code.get('S3Bucket')}/{code['S3Key']}"

    def _identity(self, wanted: Wanted) -> tuple[str, str]:
        """Return the name and the ARN of the resource that exists, or of the one that will."""
        record = self._world.records.made_from(wanted.place.stack_id, wanted.logical_id, wanted.properties)
        if record is not None:
            return record.name, record.arn
        identity = identity_of(wanted)
        return identity.name, identity.arn

    def _as_template(self, wanted: Wanted) -> tuple[Resource, Target]:
        """Return the resource as ``review`` reads it, with the name that it has or will have."""
        properties = dict(wanted.properties)
        if (named := name_property(wanted.type)) and named not in properties:
            properties[named] = self._identity(wanted)[0]
        body = {"Type": wanted.type, "Properties": properties}
        template = Template(wanted.place.name, {"Resources": {wanted.logical_id: body}}, wanted.place.name)
        stack = SynthesizedStack(
            stage="",
            name=wanted.place.name,
            account=wanted.place.account,
            region=wanted.place.region,
            template=template,
            cloudformation_role_arn=None,
        )
        return Resource(logical_id=wanted.logical_id, type=wanted.type, body=body, template=template), Target((stack,))

    def _name_unknown(self, resource_type: str) -> None:
        if resource_type not in self.unknown_types:
            self.unknown_types.add(resource_type)
            self._world.timeline.note(
                f"CloudFormation's calls for {resource_type} are not known: its role is not judged for this type"
            )


def _contexts(call: Call, wanted: Wanted) -> Iterator[Mapping[str, str]]:
    """Yield the context of each call: one for each policy that is attached."""
    service = call.action.partition(":")[0]
    place = wanted.place
    region = _GLOBAL_REGION.get(place.partition, "us-east-1") if service in _WITHOUT_REGION else place.region
    context = {"aws:RequestedRegion": region}
    policies: tuple[str, ...] | None = None
    for _, key, values in call.conditions:
        if key == _POLICY_ARN:
            policies = values
        else:
            context[key] = values[0]
    if policies is None:
        yield context
        return
    for each in policies:
        yield {**context, _POLICY_ARN: each}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
