"""The rule of a composite alarm.

Source: AmazonCloudWatch, API_PutCompositeAlarm (AlarmRule).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError, AlarmState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    _Test = Callable[[Mapping[str, AlarmState]], bool]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>[^()"\s][^()"]*?))\s*\)"""
    r"""|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<sign>[()]))"""
)


@dataclass(frozen=True)
class AlarmRule:
    """A rule over the states of other alarms."""

    children: frozenset[str]
    holds: _Test

    @classmethod
    def parse(cls, text: str) -> AlarmRule:
        """Return the rule of a text.

        Raises
        ------
            AlarmEvaluationError: with the position, if the text is no rule, or has no alarm, TRUE or FALSE.
        """
        return _RuleParser(text).rule()


class _RuleParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._children: set[str] = set()

    def rule(self) -> AlarmRule:
        test = self._any()
        if self._text[self._position :].strip():
            raise self._unexpected("AND, OR or the end")
        return AlarmRule(frozenset(self._children), test)

    def _any(self) -> _Test:
        tests = [self._all()]
        while self._take("OR"):
            tests.append(self._all())
        return lambda states: any(test(states) for test in tests)

    def _all(self) -> _Test:
        tests = [self._one()]
        while self._take("AND"):
            tests.append(self._one())
        return lambda states: all(test(states) for test in tests)

    def _one(self) -> _Test:
        if self._take("NOT"):
            test = self._one()
            return lambda states: not test(states)
        if self._take("("):
            test = self._any()
            if not self._take(")"):
                raise self._unexpected("')'")
            return test
        if self._take("TRUE"):
            return lambda _: True
        if self._take("FALSE"):
            return lambda _: False
        found = _TOKEN.match(self._text, self._position)
        if found is None or found["state"] is None:
            raise self._unexpected("ALARM(...), OK(...), INSUFFICIENT_DATA(...), TRUE, FALSE, NOT or '('")
        self._position = found.end()
        name, state = found["quoted"] or found["plain"], AlarmState(found["state"])
        self._children.add(name)
        return lambda states: states[name] is state

    def _take(self, value: str) -> bool:
        found = _TOKEN.match(self._text, self._position)
        if found is None or value not in (found["word"], found["sign"]):
            return False
        self._position = found.end()
        return True

    def _unexpected(self, expected: str) -> AlarmEvaluationError:
        rest = self._text[self._position :].strip()
        return AlarmEvaluationError(
            f"expected {expected} at character {self._position + 1} of the alarm rule {self._text!r},"
            f" got {rest[:30] or 'the end'!r}"
        )
