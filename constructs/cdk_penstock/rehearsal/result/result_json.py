"""The result of a rehearsal as JSON; docs/rehearse.md describes the fields."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.result.coverage import Verdict
from cdk_penstock.rehearsal.timeline import DecidedCall, Note, ResourceEvent

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.key_steps import PlayedKeySequence
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.rehearsal.timeline import Entry

SCHEMA: Final = 1
"""Raised by a change that a script would notice; a new field is none."""


def to_json(result: RehearsalResult, *, strict: bool = False) -> dict[str, Any]:
    """Return everything that a rehearsal found, call by call."""
    return {
        "schema": SCHEMA,
        "passed": result.passed,
        "exit_code": result.exit_code(strict=strict),
        "assembly_hash": result.assembly_hash,
        "versions": dict(result.versions),
        "stacks": [
            {"name": each.name, "stage": each.stage, "account": each.account, "region": each.region}
            for each in result.stacks
        ],
        "not_proven": _fields(result.not_proven),
        "acts": [
            {"name": each.name, "title": each.title, "outcome": str(each.outcome), "text": each.text}
            for each in result.acts
        ],
        "key_sequences": [_key_sequence(each) for each in result.key_sequences],
        "coverage": {
            "verdicts": {str(verdict): len(result.coverage.of(verdict)) for verdict in Verdict},
            "findings": len(result.coverage.findings),
            "statements": [_fields(row) for row in result.coverage.rows],
        },
        "refused": [each.number for each in result.refused],
        "done_without": [each.number for each in result.done_without],
        "let_in": [each.number for each in result.let_in],
        "timeline": [_entry(each) for each in result.timeline.entries],
    }


def _fields(value: Any) -> Any:
    """Return the fields of a dataclass, and those of all within it."""
    if dataclasses.is_dataclass(value):
        return {field.name: _fields(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_fields(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _key_sequence(sequence: PlayedKeySequence) -> dict[str, Any]:
    return {
        "application": sequence.application,
        "stack": sequence.stack,
        "in_order": sequence.is_in_order,
        "complete": sequence.is_complete,
        "unread": sequence.unread,
        "steps": [
            {
                "text": step.text,
                "shown_by": step.shown_by.number if step.shown_by else None,
                "at": step.shown_by.at.isoformat() if step.shown_by else None,
            }
            for step in sequence.steps
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    place = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "act": entry.place.act,
        "stack": entry.place.stack,
        "logical_id": entry.place.logical_id,
    }
    match entry:
        case DecidedCall():
            return {**place, "kind": "call", **_call(entry)}
        case ResourceEvent():
            return {
                **place,
                "kind": "event",
                "type": entry.type,
                "name": entry.name,
                "operation": entry.operation,
                "progress": str(entry.progress),
                "reason": entry.reason,
            }
        case Note():
            return {**place, "kind": "note", "text": entry.text}


def _call(call: DecidedCall) -> dict[str, Any]:
    return {
        "made_by": str(call.made_by),
        "caller": str(call.request.caller),
        "session": call.session,
        "action": call.request.action,
        "resource": call.request.resource,
        "context": {
            key: value if isinstance(value, str) else list(value) for key, value in call.request.context.items()
        },
        "allowed": call.decision.allowed,
        "outcome": str(call.decision.outcome),
        "statements": list(call.decision.statements),
        "reason": call.decision.reason,
        "needs_both_policies": call.both_policies,
        "is_probe": call.is_probe,
        "problem": call.problem,
    }
