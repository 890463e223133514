"""YAML with all scalars as text, as the configuration of Prometheus reads them."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from cdk_penstock.observability.errors import MetricsWorkspaceError

_TAB_INDENT: Final = re.compile(r"^ *\t", re.MULTILINE)
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_NULL_TAG: Final = "tag:yaml.org,2002:null"


def parse_yaml(text: str, name: str) -> Any:
    """Return mappings, lists and texts, None for null; raise MetricsWorkspaceError for invalid YAML.

    Only the nodes come from PyYAML: it converts ``60``, ``1:30`` and ``on``, and keeps the last of two equal keys,
    which Prometheus refuses.

    Parameters
    ----------
    text
        The text.
    name
        Its name in messages.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if root is None else _Reader(name).value(root)
    except (yaml.YAMLError, RecursionError) as error:
        if _TAB_INDENT.search(text):
            message = f"{name} is indented with tabs, which YAML does not allow: use spaces"
        else:
            message = f"{name} is not valid YAML: {' '.join(str(error).split())}"
        raise MetricsWorkspaceError(message) from error


class _Reader:
    """Values of nodes, each read once, whatever the number of its aliases."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._read: dict[int, Any] = {}

    def value(self, node: Any) -> Any:
        """Return a node's value; a node that contains itself raises RecursionError."""
        if id(node) not in self._read:
            self._read[id(node)] = self._new_value(node)
        return self._read[id(node)]

    def _new_value(self, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each) for each in node.value]
        return None if node.tag == _NULL_TAG else node.value

    def _mapping(self, node: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE_TAG:
                bases = self.value(value)
                for base in reversed(bases if isinstance(bases, list) else [bases]):
                    merged |= base if isinstance(base, dict) else {}
                continue
            text = str(self.value(key))
            if text in own:
                raise MetricsWorkspaceError(
                    f"{self._name} has the key {text!r} twice, the second in line {key.start_mark.line + 1}"
                )
            own[text] = self.value(value)
        return merged | own
