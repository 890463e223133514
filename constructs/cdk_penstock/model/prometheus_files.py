"""Checks of parsed rule files and alert manager definitions, for what the service would refuse.

Sources: Prometheus, "Recording rules" and "Alerting rules"; AMP, "Create a rules file" and "Create an alert manager
definition".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.promql import PromqlError, check_promql, is_duration

_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class PrometheusFileError(PenstockError):
    """A rule file or an alert manager definition that the service would refuse."""


def check_rules(document: object) -> None:
    """Raise PrometheusFileError if it is not a rule file; scalars are texts, as YAML writes them."""
    groups = _list(_mapping(document, "the file").get("groups") or [], "groups")
    seen: set[str] = set()
    for position, entry in enumerate(groups, start=1):
        group = _mapping(entry, f"group {position}")
        name = _text(group, "name", f"group {position}")
        if name in seen:
            raise PrometheusFileError(f"group {name!r} is there twice: give each another name")
        seen.add(name)
        _check_duration(group, "interval", f"group {name!r}")
        for number, rule in enumerate(_list(group.get("rules") or [], f"rules of group {name!r}"), start=1):
            _check_rule(rule, f"rule {number} of group {name!r}")


def check_alert_manager(document: object, inner: object) -> None:
    """Raise PrometheusFileError if it is not an alert manager definition.

    Parameters
    ----------
    document
        The definition, in which ``alertmanager_config`` is a text.
    inner
        That text, parsed.
    """
    if not isinstance(_mapping(document, "the file").get("alertmanager_config"), str):
        raise PrometheusFileError(
            "alertmanager_config must be a text: write 'alertmanager_config: |' and indent what follows"
        )
    configuration = _mapping(inner, "alertmanager_config")
    receivers = _list(configuration.get("receivers"), "receivers")
    names = {_text(_mapping(each, "a receiver"), "name", "a receiver") for each in receivers}
    root = _mapping(configuration.get("route"), "route")
    _text(root, "receiver", "route")
    _check_routes(root, names)


def _check_routes(route: Mapping[str, Any], receivers: set[str]) -> None:
    receiver = route.get("receiver")
    if receiver is not None and receiver not in receivers:
        raise PrometheusFileError(
            f"a route has receiver {receiver!r}, expected one of {', '.join(sorted(receivers)) or 'no receivers'}"
        )
    for entry in _list(route.get("routes", []), "routes"):
        _check_routes(_mapping(entry, "a route"), receivers)


def _check_rule(entry: object, where: str) -> None:
    rule = _mapping(entry, where)
    kinds = [kind for kind in ("record", "alert") if rule.get(kind)]
    if len(kinds) != 1:
        raise PrometheusFileError(
            f"{where} must have either record or alert, got {' and '.join(kinds) or ', '.join(rule) or 'nothing'}"
        )
    if kinds == ["record"] and not _METRIC.fullmatch(str(rule["record"])):
        raise PrometheusFileError(
            f"{where} must record under a metric's name (letters, digits, '_' and ':'), got {rule['record']!r}"
        )
    try:
        check_promql(_text(rule, "expr", where))
    except PromqlError as error:
        raise PrometheusFileError(f"{where}: {error}") from error
    for name in ("for", "keep_firing_for"):
        if name in rule and kinds == ["record"]:
            raise PrometheusFileError(f"{where} has {name!r}, which is for alerts only: remove it")
        _check_duration(rule, name, where)
    for name in ("labels", "annotations"):
        for label, value in _mapping(rule.get(name) or {}, f"{name} of {where}").items():
            if not _LABEL.fullmatch(label) or not isinstance(value, str):
                raise PrometheusFileError(
                    f"{name} of {where} must be names of letters, digits and '_', and texts, got {label}: {value!r}"
                )


def _check_duration(values: Mapping[str, Any], name: str, where: str) -> None:
    value = values.get(name)
    if value is not None and not (isinstance(value, str) and is_duration(value)):
        raise PrometheusFileError(f"{name} of {where} must be a duration like 30s or 5m, got {value!r}")


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise PrometheusFileError(f"{where} must have {name!r}, got {', '.join(values) or 'nothing'}")
    return value


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PrometheusFileError(f"{what} must be a mapping, got {_shown(value)}")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise PrometheusFileError(f"{what} must be a list, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else f"{type(value).__name__} {str(value)[:80]!r}"
