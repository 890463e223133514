"""The evaluation of metric math expressions, as far as an alarm can use them.

Source: AmazonCloudWatch, using-metric-math.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError
from cdk_penstock.model.alarm_evaluation.math_functions import FUNCTIONS, REFUSED_FUNCTIONS, Periods, chosen, filled
from cdk_penstock.model.alarm_evaluation.math_syntax import Array, Call, Number, Operation, Reference, Text
from cdk_penstock.model.alarm_evaluation.math_values import MathValue, Scalar, Series, SeriesArray, combine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.model.alarm_evaluation.math_syntax import Expression


def _divided(left: float, right: float) -> float | None:
    # CloudWatch drops a data point that would divide by zero.
    return left / right if right else None


def _raised(left: float, right: float) -> float | None:
    try:
        result = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return result if isinstance(result, float) else None


def _truth(operation: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: float(operation(left, right))


_OPERATORS: Final[Mapping[str, Callable[[float, float], float | None]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": _divided,
    "^": _raised,
    "==": _truth(eq),
    "!=": _truth(ne),
    "<=": _truth(le),
    ">=": _truth(ge),
    "<": _truth(lt),
    ">": _truth(gt),
    "AND": _truth(lambda left, right: bool(left) and bool(right)),
    "OR": _truth(lambda left, right: bool(left) or bool(right)),
}


@dataclass(frozen=True)
class MathScope:
    """The metrics and expressions that an expression may name, over the same periods."""

    periods: Periods
    metrics: Mapping[str, Series]
    expressions: Mapping[str, Expression]

    def series(self, expression: Expression) -> Series:
        """Return the time series of an expression.

        Raises
        ------
            AlarmEvaluationError: if it is a number or an array: an alarm watches one time series.
        """
        value = self._value(expression)
        if not isinstance(value, Series):
            got = "a number" if isinstance(value, Scalar) else "an array of time series"
            raise AlarmEvaluationError(f"an alarm watches one time series, and its expression gives {got}")
        return value

    def _value(self, expression: Expression) -> MathValue:
        match expression:
            case Number(value):
                return Scalar(value)
            case Reference(identifier):
                return self._named(identifier)
            case Array(members):
                return SeriesArray(tuple(one for member in members for one in _members(self._value(member))))
            case Operation(operator, left, right):
                return combine(self._value(left), self._value(right), _OPERATORS[operator])
            case Call(function, arguments):
                return self._call(function, arguments)
            case Text(value):
                raise AlarmEvaluationError(f"a text such as {value!r} is an argument of METRICS only")

    def _named(self, identifier: str) -> MathValue:
        if identifier in self.metrics:
            return self.metrics[identifier]
        if identifier in self.expressions:
            return self._value(self.expressions[identifier])
        known = ", ".join(sorted({*self.metrics, *self.expressions}))
        raise AlarmEvaluationError(f"no metric of the alarm has the Id {identifier!r}: it has {known}")

    def _call(self, function: str, arguments: tuple[Expression, ...]) -> MathValue:
        if (reason := REFUSED_FUNCTIONS.get(function)) is not None:
            raise AlarmEvaluationError(f"{function} cannot be evaluated: {reason}")
        if function == "METRICS":
            return self._metrics(arguments)
        if function == "PERIOD":
            return self._period(arguments)
        if function == "FILL":
            return self._fill(arguments)
        if function == "IF":
            return self._if(arguments)
        if (found := FUNCTIONS.get(function)) is None:
            known = ", ".join(sorted((*FUNCTIONS, "FILL", "IF", "METRICS", "PERIOD")))
            raise AlarmEvaluationError(f"metric math function {function!r} is not known here: use one of {known}")
        if len(arguments) != 1:
            raise AlarmEvaluationError(f"{function} takes one argument, got {len(arguments)}")
        return found(self._value(arguments[0]), self.periods)

    def _metrics(self, arguments: tuple[Expression, ...]) -> MathValue:
        match arguments:
            case ():
                part = ""
            case (Text(part),):
                pass
            case _:
                raise AlarmEvaluationError("METRICS takes no argument or a text in quotation marks: a part of Ids")
        return SeriesArray(tuple(series for identifier, series in self.metrics.items() if part in identifier))

    def _period(self, arguments: tuple[Expression, ...]) -> MathValue:
        match arguments:
            case (Reference(identifier),) if identifier in self.metrics:
                return Scalar(float(self.periods.seconds))
        raise AlarmEvaluationError("PERIOD takes the Id of a metric: no number, no other expression")

    def _fill(self, arguments: tuple[Expression, ...]) -> MathValue:
        match arguments:
            case (series, Call("REPEAT" | "LINEAR" as way, ())):
                return filled(self._value(series), way)
            case (series, filler):
                return filled(self._value(series), self._value(filler))
        raise AlarmEvaluationError("FILL takes time series, and a number, a time series, REPEAT or LINEAR")

    def _if(self, arguments: tuple[Expression, ...]) -> MathValue:
        match arguments:
            case (condition, first, *rest) if len(rest) <= 1:
                others = self._value(rest[0]) if rest else None
                return chosen(self._value(condition), self._value(first), others, self.periods)
        raise AlarmEvaluationError(f"IF takes a condition and one or two values, got {len(arguments)} arguments")


def _members(value: MathValue) -> tuple[Series, ...]:
    match value:
        case Series():
            return (value,)
        case SeriesArray(members):
            return members
    raise AlarmEvaluationError(f"an array holds time series, got the number {value.value}")
