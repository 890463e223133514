"""Values of a template during a deployment: intrinsic functions, conditions and parameters.

Source: CloudFormation template reference, "Intrinsic functions".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.template.no_value import NO_VALUE, without_no_value
from cdk_penstock.review.templates import SHAPE_ERRORS, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import StackPlace

_SUBSTITUTION: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_ZONES: Final = "abc"
_IPV4_BITS: Final = 32


class References(Protocol):
    """Values that only the deployment knows."""

    def ref(self, logical_id: str) -> Any:
        """Return the physical id of a resource; raise RehearsalError if it does not exist."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return an attribute of a resource; raise RehearsalError if it does not exist."""

    def exported(self, name: str) -> Any:
        """Return an export of the account and Region; raise RehearsalError if there is none."""

    def stack_output(self, given: Mapping[str, Any]) -> Any:
        """Return the output of another stack that ``Fn::GetStackOutput`` names; raise RehearsalError if it has none."""


@dataclass(frozen=True, kw_only=True)
class TemplateValues:
    """The values of one template.

    Parameters
    ----------
    body
        The template.
    place
        Its stack.
    parameters
        Values of parameters; others have their defaults.
    references
        Values that only the deployment knows.
    """

    body: Mapping[str, Any]
    place: StackPlace
    parameters: Mapping[str, str]
    references: References

    def resolve(self, value: Any) -> Any:
        """Return a value without intrinsic functions, and without what has no value.

        Raises RehearsalError for a function that is not known, or of another form than CloudFormation documents.
        """
        return without_no_value(self._resolve(value))

    def includes(self, part: Mapping[str, Any]) -> bool:
        """Return True unless a resource or an output has a condition that is false."""
        name = part.get("Condition")
        return not isinstance(name, str) or self._condition(name)

    def _resolve(self, value: Any) -> Any:
        match value:
            case dict() if len(value) == 1:
                ((name, given),) = value.items()
                intrinsic = self._intrinsics().get(name)
                if intrinsic is not None:
                    try:
                        return intrinsic(given)
                    except SHAPE_ERRORS as error:
                        raise RehearsalError(
                            f"{json.dumps(value, default=str)} in stack {self.place.name} is not of the form that"
                            f" CloudFormation documents: {error}"
                        ) from error
                if name.startswith("Fn::"):
                    raise RehearsalError(f"the intrinsic function {name} in stack {self.place.name} is not known here")
                return {name: self._resolve(given)}
            case dict():
                return {key: self._resolve(each) for key, each in value.items()}
            case list():
                return [self._resolve(each) for each in value]
            case _:
                return value

    def _intrinsics(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Condition": self._condition_or_value,
            "Fn::And": lambda given: all(self._truth(each) for each in given),
            "Fn::Base64": lambda given: base64.b64encode(str(self._resolve(given)).encode()).decode(),
            "Fn::Cidr": self._cidr,
            "Fn::Equals": lambda given: self._resolve(given[0]) == self._resolve(given[1]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda given: [f"{self._resolve(given) or self.place.region}{zone}" for zone in _ZONES],
            "Fn::GetAtt": self._get_att,
            "Fn::GetStackOutput": lambda given: self.references.stack_output(self._resolve(given)),
            "Fn::If": lambda given: self._resolve(given[1] if self._condition(given[0]) else given[2]),
            "Fn::ImportValue": lambda given: self.references.exported(str(self._resolve(given))),
            "Fn::Join": lambda given: str(given[0]).join(_text(each) for each in self.resolve(given[1])),
            "Fn::Length": lambda given: len(self.resolve(given)),
            "Fn::Not": lambda given: not self._truth(given[0]),
            "Fn::Or": lambda given: any(self._truth(each) for each in given),
            "Fn::Select": lambda given: self.resolve(given[1])[int(self._resolve(given[0]))],
            "Fn::Split": lambda given: str(self._resolve(given[1])).split(given[0]),
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": lambda given: json.dumps(self.resolve(given)),
        }

    def _condition_or_value(self, given: Any) -> Any:
        """Return the value of a condition; ``Condition`` is also the name of a part of a policy's statement."""
        if isinstance(given, str) and given in as_mapping(self.body.get("Conditions")):
            return self._condition(given)
        return {"Condition": self._resolve(given)}

    def _truth(self, value: Any) -> bool:
        resolved = self._resolve(value)
        return resolved if isinstance(resolved, bool) else str(resolved).lower() == "true"

    def _condition(self, name: str) -> bool:
        conditions = as_mapping(self.body.get("Conditions"))
        if name not in conditions:
            raise RehearsalError(f"the template of stack {self.place.name} has no condition {name}")
        return self._truth(conditions[name])

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": self.place.partition,
            "AWS::Region": self.place.region,
            "AWS::StackId": self.place.stack_id,
            "AWS::StackName": self.place.name,
            "AWS::URLSuffix": "amazonaws.com.cn" if self.place.partition == "aws-cn" else "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        declared = as_mapping(self.body.get("Parameters")).get(name)
        return self.references.ref(name) if declared is None else self._parameter(name, as_mapping(declared))

    def _parameter(self, name: str, declared: Mapping[str, Any]) -> Any:
        kind = str(declared.get("Type", "String"))
        if name in self.parameters:
            value = self.parameters[name]
        elif "Default" not in declared:
            raise RehearsalError(
                f"the parameter {name} of stack {self.place.name} has no default: pass --parameter {name}=VALUE"
            )
        elif kind.startswith("AWS::SSM::Parameter::Value"):
            # The account's Parameter Store is not known: no policy matches this by accident.
            value = f"<value of {declared['Default']}>"
        else:
            value = str(declared["Default"])
        return value.split(",") if kind.startswith("List<") or kind.endswith("List") else value

    def _get_att(self, given: Any) -> Any:
        logical_id, attribute = given.split(".", 1) if isinstance(given, str) else given
        return self.references.attribute(logical_id, str(self._resolve(attribute)))

    def _sub(self, given: Any) -> str:
        template, variables = (given[0], given[1]) if isinstance(given, list) else (given, {})

        def replace(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return _text(self._resolve(variables[name]))
            return _text(self._get_att(name) if "." in name else self._ref(name))

        return _SUBSTITUTION.sub(replace, template)

    def _find_in_map(self, given: Any) -> Any:
        name, first, second, *rest = (self._resolve(each) for each in given)
        found = as_mapping(as_mapping(as_mapping(self.body.get("Mappings")).get(name)).get(first)).get(second)
        if found is None and rest:
            found = rest[0].get("DefaultValue")
        if found is None:
            raise RehearsalError(f"the template of stack {self.place.name} has no mapping {name}.{first}.{second}")
        return found

    def _cidr(self, given: Any) -> list[str]:
        block, count, *bits = (self._resolve(each) for each in given)
        network = ipaddress.ip_network(str(block))
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else _IPV4_BITS // 4))
        return [str(subnet) for _, subnet in zip(range(int(count)), subnets, strict=False)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
