"""The order of the resources of a template."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.template.resource_order import ResourceOrder


@st.composite
def acyclic_templates(draw: st.DrawFn) -> dict[str, Any]:
    """Draw resources, each of which may need some of those before it; the template has them in another order."""
    names = [f"R{number}" for number in range(draw(st.integers(0, 8)))]
    resources: dict[str, Any] = {}
    for number, name in enumerate(names):
        needed = draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        by_reference = {each: {"Ref": each} for each in needed if draw(st.booleans())}
        resources[name] = {
            "Type": "A::B::C",
            "Properties": by_reference,
            "DependsOn": [each for each in needed if each not in by_reference],
        }
    return {name: resources[name] for name in draw(st.permutations(names))}


@given(acyclic_templates())
def test_a_resource_comes_after_all_of_its_ancestors_and_every_resource_comes_once(resources: dict[str, Any]) -> None:
    order = ResourceOrder(resources)
    assert sorted(order.forward) == sorted(resources)
    for position, logical_id in enumerate(order.forward):
        assert order.ancestors(logical_id) <= set(order.forward[:position])
    assert order.backward == order.forward[::-1]


@given(acyclic_templates())
def test_the_ancestors_are_enough_for_a_resource(resources: dict[str, Any]) -> None:
    for logical_id in resources:
        kept = ResourceOrder(resources).ancestors(logical_id) | {logical_id}
        alone = ResourceOrder({name: body for name, body in resources.items() if name in kept})
        assert alone.ancestors(logical_id) == kept - {logical_id}


def test_a_long_chain_is_ordered() -> None:
    chain = {f"R{number}": {"Type": "A::B::C", "DependsOn": f"R{number + 1}"} for number in range(3000)}
    chain["R3000"] = {"Type": "A::B::C"}
    assert ResourceOrder(chain).forward[0] == "R3000"


def test_resources_that_wait_for_each_other_are_named() -> None:
    circle = {"A": {"DependsOn": "B"}, "B": {"DependsOn": ["C"]}, "C": {"DependsOn": "A"}}
    with pytest.raises(RehearsalError, match="A -> B -> C -> A"):
        ResourceOrder(circle)
