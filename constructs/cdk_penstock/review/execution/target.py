"""The templates of one deployment target, and the names of their resources there, as patterns for IAM."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.regions import partition_of
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import APPLICATION, Templates, as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.templates import Resource, Template

_UNKNOWN: Final = re.compile(r"<[^<>]*>")
_SUBSTITUTION: Final = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")

_KEPT_OF_A_STACKS_NAME: Final = 20
"""Characters of a stack's name that CloudFormation keeps in the names that it makes: of a role's 64, about 24."""
_KEPT_OF_A_DOMAINS_STACK: Final = 6
"""Characters of a search domain's name at most: 28."""
_NAMED_AFTER_STACK: Final = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::Events::Rule",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::Kinesis::Stream",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
    }
)
"""Types whose generated names begin with the stack's name; of others, some begin with the logical id."""
_LOWER_CASE: Final = frozenset({"AWS::OpenSearchService::Domain", "AWS::S3::Bucket"})


@dataclass(frozen=True)
class Target:
    """The stacks that one role of CloudFormation deploys, in one account and Region."""

    stacks: tuple[SynthesizedStack, ...]

    @property
    def account(self) -> str:
        """The account."""
        return self.stacks[0].account

    @property
    def region(self) -> str:
        """The Region."""
        return self.stacks[0].region

    @property
    def partition(self) -> str:
        """The partition that the Region is in."""
        return partition_of(self.region)

    @property
    def any_key(self) -> str:
        """The ARN of every key, because KMS chooses the ids."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/*"

    @cached_property
    def has_application_keys(self) -> bool:
        """True if an application's state is under a customer managed key."""
        configured = any(
            each.get("ApplicationConfiguration.ApplicationEncryptionConfiguration")
            for each in self.templates.resources(APPLICATION)
        )
        return configured or any(True for _ in self.templates.resources(ApplicationKeyResource.resource_type))

    @cached_property
    def templates(self) -> Templates:
        """The templates of all stacks."""
        return Templates(tuple(stack.template for stack in self.stacks))

    @cached_property
    def _resolutions(self) -> Mapping[str, Resolution]:
        return {stack.template.path: Resolution(stack) for stack in self.stacks}

    def with_templates(self, templates: Sequence[Template]) -> Target:
        """Return the same stacks with other templates, in their order."""
        pairs = zip(self.stacks, templates, strict=True)
        return Target(tuple(dataclasses.replace(stack, template=template) for stack, template in pairs))

    def stack_of(self, resource: Resource) -> SynthesizedStack:
        """Return the stack that holds a resource."""
        return self._resolutions[resource.template.path].stack

    def names(self, resource: Resource, name_property: str) -> tuple[str, ...]:
        """Return patterns of the name that a property sets, or of the generated name if the property is left out."""
        value = as_mapping(resource.body.get("Properties")).get(name_property)
        if value is not None:
            return (self.text(value, resource),)
        stack = self.stack_of(resource).name
        kept = _KEPT_OF_A_DOMAINS_STACK if resource.type == "AWS::OpenSearchService::Domain" else _KEPT_OF_A_STACKS_NAME
        after_stack = f"{stack}-*" if len(stack) <= kept else f"{stack[:kept]}*"
        after_id = f"{resource.logical_id[:_KEPT_OF_A_STACKS_NAME]}*"
        patterns = (after_stack,) if resource.type in _NAMED_AFTER_STACK else (after_stack, after_id)
        return tuple(each.lower() if resource.type in _LOWER_CASE else each for each in patterns)

    def text(self, value: Any, resource: Resource) -> str:
        """Return a value of a resource as text, with ``*`` for parts that only the deployment knows."""
        resolved = self._resolutions[resource.template.path].resolve(self._without_resources(value, resource))
        text = resolved if isinstance(resolved, str) else json.dumps(resolved)
        return re.sub(r"\*+", "*", _UNKNOWN.sub("*", text)).replace("arn:aws:", f"arn:{self.partition}:")

    def referred(self, value: Any, resource: Resource) -> Sequence[Resource]:
        """Return the resources that any part of a value refers to, in all stacks."""
        return list(self.templates.references(value, resource.template))

    def _without_resources(self, value: Any, resource: Resource) -> Any:
        """Return a value with ``*``, or the name that the template sets, for each reference to a resource."""
        found = self.templates.find(value, resource.template)
        if found is not None:
            return self._name_set(found) if "Ref" in value else "*"
        match value:
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": self._substituted(text, resource)}
            case dict():
                return {key: self._without_resources(each, resource) for key, each in value.items()}
            case list():
                return [self._without_resources(each, resource) for each in value]
            case _:
                return value

    def _substituted(self, text: str, resource: Resource) -> str:
        def replace(found: re.Match[str]) -> str:
            return "*" if resource.template.resource(found[1]) is not None else found[0]

        return _SUBSTITUTION.sub(replace, text)

    def _name_set(self, resource: Resource) -> str:
        """Return the physical name of a resource, to which ``Ref`` resolves, if its template sets one."""
        last = resource.type.rpartition("::")[2]
        for name_property in (f"{last}Name", "Name"):
            if name_property in as_mapping(resource.body.get("Properties")):
                return self.names(resource, name_property)[0]
        names = self.names(resource, "") if resource.type in _NAMED_AFTER_STACK else ("*",)
        return names[0]
