"""The states of an alarm, and the error for what cannot be evaluated."""

from __future__ import annotations

from enum import StrEnum

from cdk_penstock.model.errors import PenstockError


class AlarmState(StrEnum):
    """A state of a CloudWatch alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class AlarmEvaluationError(PenstockError):
    """An alarm or an expression that CloudWatch would refuse, or that cannot be evaluated here."""
