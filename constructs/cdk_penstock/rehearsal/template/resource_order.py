"""The order in which CloudFormation takes the resources of a template.

CloudFormation works on resources at the same time where nothing orders them; here they come one by one, in the order
of the template where there is a choice. A play of one resource with nothing but its ancestors shows that an order holds
because the template asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.review.dependencies import arrows_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class ResourceOrder:
    """The order of the resources of one template.

    Parameters
    ----------
    resources
        The bodies of the resources that are included, by logical id.

    Raises
    ------
    RehearsalError
        They wait for each other.
    """

    def __init__(self, resources: Mapping[str, Any]) -> None:
        self._earlier: dict[str, list[str]] = {logical_id: [] for logical_id in resources}
        for arrow in arrows_of(resources):
            self._earlier[arrow.later].append(arrow.earlier)
        self.forward = self._sorted()

    @property
    def backward(self) -> list[str]:
        """The order of deletions."""
        return self.forward[::-1]

    def ancestors(self, logical_id: str) -> set[str]:
        """Return every resource that exists before this one does, whatever CloudFormation does at the same time."""
        found: set[str] = set()
        waiting = [logical_id]
        while waiting:
            for earlier in self._earlier[waiting.pop()]:
                if earlier not in found:
                    found.add(earlier)
                    waiting.append(earlier)
        return found

    def _sorted(self) -> list[str]:
        ordered: list[str] = []
        done: set[str] = set()
        for root in self._earlier:
            self._visit(root, ordered, done)
        return ordered

    def _visit(self, root: str, ordered: list[str], done: set[str]) -> None:
        """Add a resource after all that it needs, without recursion: a chain may be as long as a template."""
        path = [(root, iter(self._earlier[root]))]
        on_path = {root}
        while path:
            logical_id, earlier = path[-1]
            following = next((each for each in earlier if each not in done), None)
            if following is None:
                path.pop()
                on_path.discard(logical_id)
                if logical_id not in done:
                    done.add(logical_id)
                    ordered.append(logical_id)
            elif following in on_path:
                names = " -> ".join([*(each for each, _ in path), following])
                raise RehearsalError(f"the resources wait for each other: {names}")
            else:
                on_path.add(following)
                path.append((following, iter(self._earlier[following])))
