"""Resolution of a template's references, as far as their values are known before a deployment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.templates import APPLICATION, SHAPE_ERRORS, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.review.assembly import SynthesizedStack

_SUBSTITUTION: Final = re.compile(r"\$\{([^!}][^}]*)\}")
_SERVICES: Final = {"AWS::KMS::Key": "kms", "AWS::IAM::Role": "iam", "AWS::Lambda::Function": "lambda"}


@dataclass(frozen=True)
class Resolution:
    """The values of one stack's template, with a name made from the logical id for each resource that AWS will name.

    A name that the template sets is kept. An unknown value (of other attributes, parameters, other stacks)
    becomes ``<LogicalId.Attribute>``, which no policy matches by accident.
    """

    stack: SynthesizedStack

    def resolve(self, value: Any) -> Any:
        """Return the value without references."""
        match value:
            case dict() if len(value) == 1 and (intrinsic := self._intrinsics().get(next(iter(value)))):
                try:
                    return intrinsic(next(iter(value.values())))
                except SHAPE_ERRORS:
                    # A function of another form than CloudFormation documents; no policy matches this by accident.
                    return f"<{json.dumps(value, default=str)}>"
            case dict():
                return {key: self.resolve(each) for key, each in value.items()}
            case list():
                return [self.resolve(each) for each in value]
            case _:
                return value

    def text(self, template: str) -> str:
        """Return a text with its ``${...}`` replaced."""
        return str(self._sub(template))

    def arn(self, logical_id: str) -> str:
        """Return the ARN of a resource of the template."""
        return str(self._get_att([logical_id, "Arn"]))

    @property
    def _resources(self) -> Mapping[str, Any]:
        return {each.logical_id: each.body for each in self.stack.template.resources()}

    def _intrinsics(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::ImportValue": lambda name: f"<{self.resolve(name)}>",
            "Fn::GetStackOutput": lambda output: f"<{output['StackName']}.{output['OutputName']}>",
        }

    def _ref(self, name: str) -> str:
        pseudo = {
            "AWS::AccountId": self.stack.account,
            "AWS::Region": self.stack.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack.name,
        }
        if name in pseudo:
            return pseudo[name]
        resource = self._resources.get(name)
        if resource is None:
            return f"<{name}>"
        if resource["Type"] == APPLICATION:
            return str(self.resolve(as_mapping(resource.get("Properties")).get("ApplicationName", name)))
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            return f"arn:aws:iam::{self.stack.account}:policy/{name}"
        return name

    def _get_att(self, target: str | list[str]) -> str:
        logical_id, attribute = target.split(".", 1) if isinstance(target, str) else target
        service = _SERVICES.get(self._resources.get(logical_id, {}).get("Type", ""))
        if attribute != "Arn" or service is None:
            return f"<{logical_id}.{attribute}>"
        if service == "iam":
            properties = as_mapping(self._resources[logical_id].get("Properties"))
            name = self.resolve(properties.get("RoleName", logical_id))
            return f"arn:aws:iam::{self.stack.account}:role{properties.get('Path', '/')}{name}"
        kind = "key/" if service == "kms" else "function:"
        return f"arn:aws:{service}:{self.stack.region}:{self.stack.account}:{kind}{logical_id}"

    def _join(self, given: list[Any]) -> str:
        separator, parts = given
        return str(separator).join(str(part) for part in self.resolve(parts))

    def _sub(self, given: str | list[Any]) -> str:
        template, variables = (given[0], self.resolve(given[1])) if isinstance(given, list) else (given, {})

        def replace(found: re.Match[str]) -> str:
            name = found.group(1)
            if name in variables:
                return str(variables[name])
            return self._get_att(name) if "." in name else self._ref(name)

        return _SUBSTITUTION.sub(replace, template).replace("${!", "${")

    def _select(self, given: list[Any]) -> Any:
        index, values = given
        values = self.resolve(values)
        number = int(self.resolve(index))
        return values[number] if isinstance(values, list) and number < len(values) else f"<{values}[{number}]>"

    def _split(self, given: list[Any]) -> list[str]:
        separator, text = given
        return str(self.resolve(text)).split(separator)
