"""Policy documents as values, to render them into a template and to read them back for evaluation.

Sources: IAM, "JSON policy element reference" and "Grammar of the JSON policy language"; KMS, "Creating a key policy".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from cdk_penstock.model.errors import PenstockError

Values = tuple[str, ...]

ANYBODY: Final = "*"
"""The kind of principal under which ``"Principal": "*"`` stands; its only value is ``*`` as well."""

_VERSION: Final = "2012-10-17"
_VERSIONS: Final = frozenset({_VERSION, "2008-10-17"})
_DOCUMENT_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


class PolicyDocumentError(PenstockError):
    """A document that is not a policy, or that has unresolved references."""


class Effect(StrEnum):
    """Effect of a statement that applies, in AWS's own names."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy; its values may be CDK tokens, so no code here parses an ARN.

    Parameters
    ----------
    sid
        The id, which decisions show. Default: none.
    effect
        The effect. Default: Allow.
    principals, not_principals
        Values by kind of principal (``AWS``, ``Service``, ...) in a resource's policy; None in an identity's.
    actions, not_actions, resources, not_resources
        The actions and resources that it applies to. Without actions or resources it has no effect, as in KMS.
    conditions
        Values by condition key, by operator.
    source
        The page of AWS's documentation that it comes from; not part of the JSON, and not compared.

    Raises PolicyDocumentError for an element together with its opposite, which AWS refuses.
    """

    sid: str | None = None
    effect: Effect = Effect.ALLOW
    principals: Mapping[str, Values] | None = None
    not_principals: Mapping[str, Values] | None = None
    actions: Values = ()
    not_actions: Values = ()
    resources: Values = ()
    not_resources: Values = ()
    conditions: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Freeze the values, and refuse what AWS would refuse."""
        for name in ("principals", "not_principals"):
            if (principals := getattr(self, name)) is not None:
                object.__setattr__(self, name, MappingProxyType(dict(principals)))
        conditions = {operator: MappingProxyType(dict(keys)) for operator, keys in self.conditions.items()}
        object.__setattr__(self, "conditions", MappingProxyType(conditions))
        for element, given, opposite in (
            ("Principal", self.principals, self.not_principals),
            ("Action", self.actions, self.not_actions),
            ("Resource", self.resources, self.not_resources),
        ):
            if given and opposite:
                raise PolicyDocumentError(f"{self} has {element} and Not{element}: keep one of them")

    def __str__(self) -> str:
        return f"statement {self.sid!r}" if self.sid else "a statement without sid"

    def to_json(self) -> dict[str, Any]:
        """Return the statement as AWS writes it: a single value stands alone."""
        elements: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": str(self.effect),
            "Principal": _principals_to_json(self.principals),
            "NotPrincipal": _principals_to_json(self.not_principals),
            "Action": _alone(self.actions) or None,
            "NotAction": _alone(self.not_actions) or None,
            "Resource": _alone(self.resources) or None,
            "NotResource": _alone(self.not_resources) or None,
            "Condition": {
                operator: {key: _alone(values) for key, values in keys.items()}
                for operator, keys in self.conditions.items()
            }
            or None,
        }
        return {name: value for name, value in elements.items() if value is not None}

    @classmethod
    def from_json(cls, statement: Mapping[str, Any]) -> Self:
        """Return the statement of this JSON; a single value is read as a list of one."""
        _refuse_unknown("a statement", statement, _STATEMENT_ELEMENTS)
        effect = statement.get("Effect")
        if effect not in frozenset(Effect):
            raise PolicyDocumentError(f"the effect of a statement must be Allow or Deny, got {effect!r}")
        return cls(
            sid=statement.get("Sid"),
            effect=Effect(effect),
            principals=_principals_from_json(statement.get("Principal")),
            not_principals=_principals_from_json(statement.get("NotPrincipal")),
            actions=_values(statement.get("Action", ())),
            not_actions=_values(statement.get("NotAction", ())),
            resources=_values(statement.get("Resource", ())),
            not_resources=_values(statement.get("NotResource", ())),
            conditions={
                operator: {key: _values(values) for key, values in keys.items()}
                for operator, keys in statement.get("Condition", {}).items()
            },
        )


@dataclass(frozen=True, kw_only=True)
class PolicyDocument:
    """Statements, whose order has no effect, and an optional id."""

    statements: tuple[Statement, ...]
    id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON for AWS."""
        identified = {} if self.id is None else {"Id": self.id}
        return {"Version": _VERSION, **identified, "Statement": [each.to_json() for each in self.statements]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the document of this JSON, for instance of a template whose references were resolved.

        Raises PolicyDocumentError for anything that is not a policy, and for references (``Ref``, ``Fn::GetAtt``, ...)
        that are still in it: a policy can only be evaluated after they are replaced by their values.
        """
        _refuse_unknown("a policy", document, _DOCUMENT_ELEMENTS)
        version = document.get("Version", _VERSION)
        if version not in _VERSIONS:
            raise PolicyDocumentError(f"the version of a policy must be {_VERSION}, got {version!r}")
        statements = document.get("Statement")
        if isinstance(statements, Mapping):
            statements = [statements]
        if not isinstance(statements, Sequence) or isinstance(statements, str):
            raise PolicyDocumentError(f"the statements of a policy must be a list, got {statements!r}")
        return cls(statements=tuple(Statement.from_json(each) for each in statements), id=document.get("Id"))


def _alone(values: Values) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _principals_to_json(principals: Mapping[str, Values] | None) -> str | dict[str, Any] | None:
    if principals is None:
        return None
    if ANYBODY in principals:
        return ANYBODY
    return {kind: _alone(values) for kind, values in principals.items()}


def _principals_from_json(principals: object) -> dict[str, Values] | None:
    if principals is None:
        return None
    if principals == ANYBODY:
        return {ANYBODY: (ANYBODY,)}
    if not isinstance(principals, Mapping):
        raise PolicyDocumentError(
            f"principals must be '*' or stand under their kind, as in {{'AWS': ...}}, got {principals!r}"
        )
    return {kind: _values(values) for kind, values in principals.items()}


def _values(values: object) -> Values:
    """Return one or several values as text; JSON's booleans and numbers are written as AWS compares them."""
    match values:
        case str():
            return (values,)
        case bool():
            return (str(values).lower(),)
        case int() | float():
            return (str(values),)
        case Sequence():
            return tuple(text for value in values for text in _values(value))
        case _:
            raise PolicyDocumentError(
                f"a value of a policy must be text, got {values!r}: resolve references before reading the policy"
            )


def _refuse_unknown(what: str, given: object, known: frozenset[str]) -> None:
    if not isinstance(given, Mapping):
        raise PolicyDocumentError(f"{what} must be a JSON object, got {given!r}")
    if unknown := sorted(map(str, given.keys() - known)):
        raise PolicyDocumentError(f"{what} has {', '.join(sorted(known))}, got {', '.join(unknown)} as well")
