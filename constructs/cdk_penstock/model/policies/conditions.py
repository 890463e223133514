"""Evaluation of a statement's conditions, as IAM does it.

Sources: IAM, "JSON policy elements: Condition operators" and "Set operators for multivalued context keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.matching import arn_matches, text_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.model.policies.documents import Values

    Comparison = Callable[[str, str], bool]
    """Comparison of a policy's values with those of a request."""

_ALL: Final = "ForAllValues:"
_ANY: Final = "ForAnyValue:"
_IF_EXISTS: Final = "IfExists"
_NUMERIC: Final = "Numeric"
_VARIABLE: Final = "${"

_COMPARISONS: Final[dict[str, Comparison]] = {
    "StringEquals": lambda expected, given: expected == given,
    "StringEqualsIgnoreCase": lambda expected, given: expected.lower() == given.lower(),
    "StringLike": text_matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda expected, given: expected.lower() == given.lower(),
    "NumericEquals": lambda expected, given: float(given) == float(expected),
    "NumericLessThan": lambda expected, given: float(given) < float(expected),
    "NumericLessThanEquals": lambda expected, given: float(given) <= float(expected),
    "NumericGreaterThan": lambda expected, given: float(given) > float(expected),
    "NumericGreaterThanEquals": lambda expected, given: float(given) >= float(expected),
}
_NEGATED: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


class Context:
    """The context of a request: values by key; the case of keys does not count, a key without values is missing."""

    def __init__(self, values: Mapping[str, str | Values]) -> None:
        self._values = {key.lower(): (each,) if isinstance(each, str) else tuple(each) for key, each in values.items()}

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys, in lower case."""
        return frozenset(self._values)

    def get(self, key: str) -> Values:
        """Return the values of a key, none if it is missing."""
        return self._values.get(key.lower(), ())


def first_unmet(conditions: Mapping[str, Mapping[str, Values]], context: Context) -> str | None:
    """Return a condition that the context does not meet, as ``operator key``; None if it meets all.

    All operators and all of their keys must be met; of several values for a key, one is enough. Raises PenstockError
    for an unknown operator and for policy variables.
    """
    for operator, keys in conditions.items():
        for key, expected in keys.items():
            if not _is_met(operator, expected, context.get(key)):
                return f"{operator} {key}"
    return None


def can_evaluate(operator: str, expected: Values) -> bool:
    """Return True if a condition with this operator and these values can be evaluated on any text."""
    name = operator.removeprefix(_ALL).removeprefix(_ANY)
    base = name.removesuffix(_IF_EXISTS)
    # A value that is no number could not be compared with one.
    is_known = name == "Null" or (_NEGATED.get(base, base) in _COMPARISONS and not base.startswith(_NUMERIC))
    return is_known and not any(_VARIABLE in value for value in expected)


def _is_met(operator: str, expected: Values, given: Values) -> bool:
    for value in expected:
        if _VARIABLE in value:
            raise PenstockError(f"the policy variable in {value!r} is not evaluated: replace it by its value")
    quantifier = next((each for each in (_ALL, _ANY) if operator.startswith(each)), "")
    name = operator.removeprefix(quantifier)
    if name == "Null":
        return (not given) == (expected[0].lower() == "true")
    base = name.removesuffix(_IF_EXISTS)
    negated = base in _NEGATED
    compare = _COMPARISONS.get(_NEGATED.get(base, base))
    if compare is None:
        known = ", ".join([*_COMPARISONS, *_NEGATED, "Null"])
        raise PenstockError(f"the condition operator {operator!r} is not evaluated: known are {known}")
    if not given:
        # A negated operator is true without the key, and so is ForAllValues; ForAnyValue needs one.
        return name.endswith(_IF_EXISTS) or quantifier == _ALL or (negated and quantifier != _ANY)
    met = (any(compare(each, value) for each in expected) != negated for value in given)
    return all(met) if quantifier == _ALL or (negated and not quantifier) else any(met)
