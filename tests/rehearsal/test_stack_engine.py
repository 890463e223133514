"""The engine: creations, updates, replacements, rollbacks and deletions in CloudFormation's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rehearsal.counted_resources import CLOUDFORMATION, EngineBench, stack_place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> EngineBench:
    return EngineBench(tmp_path)


def after(*earlier: str, **properties: Any) -> dict[str, Any]:
    references = {f"To{each}": {"Ref": each} for each in earlier}
    return {"Properties": {**references, **properties}}


def test_resources_are_created_after_what_they_refer_to(bench: EngineBench) -> None:
    assert bench.deploy({"B": after("A"), "C": {"DependsOn": ["B"]}, "A": {}}) == "CREATE_COMPLETE"
    assert bench.resources.calls == [("create", "A"), ("create", "B"), ("create", "C")]
    assert bench.resources.live["B-2"] == {"ToA": "A-1"}


def test_only_what_has_changed_is_updated_and_in_order(bench: EngineBench) -> None:
    first = {"A": after(Size=1), "B": after("A"), "C": after(Size=1)}
    bench.deploy(first)
    bench.resources.calls.clear()
    assert bench.deploy({**first, "A": after(Size=2)}) == "UPDATE_COMPLETE"
    assert bench.resources.calls == [("update", "A")]


def test_a_replaced_resource_is_deleted_once_everything_refers_to_the_new_one(bench: EngineBench) -> None:
    bench.deploy({"A": after(Name="old"), "B": after("A")})
    bench.resources.calls.clear()
    bench.deploy({"A": after(Name="new"), "B": after("A")})
    assert bench.resources.calls == [("create", "A"), ("update", "B"), ("delete", "A")]
    assert bench.resources.live == {"A-3": {"Name": "new"}, "B-2": {"ToA": "A-3"}}


def test_a_removed_resource_is_deleted_in_the_clean_up_after_its_dependents(bench: EngineBench) -> None:
    bench.deploy({"A": {}, "B": after("A"), "C": {}})
    bench.resources.calls.clear()
    assert bench.deploy({"C": {}}) == "UPDATE_COMPLETE"
    assert bench.resources.calls == [("delete", "B"), ("delete", "A")]


def test_policies_keep_what_is_removed_replaced_or_deleted(bench: EngineBench) -> None:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    bench.deploy({"A": {**after(Name="old"), **kept}, "B": kept, "C": {"DeletionPolicy": "RetainExceptOnCreate"}})
    bench.deploy({"A": {**after(Name="new"), **kept}, "C": {"DeletionPolicy": "RetainExceptOnCreate"}})
    bench.engine.delete("Stack")
    assert set(bench.resources.live) == {"A-1", "B-2", "C-3", "A-4"}


def test_a_failed_creation_deletes_what_it_has_created_unless_it_is_retained(bench: EngineBench) -> None:
    kept, new = {"DeletionPolicy": "Retain"}, {"DeletionPolicy": "RetainExceptOnCreate"}
    parts = {"A": {}, "K": kept, "N": new, "B": {**after("A", Fails="create"), "DependsOn": ["K", "N"]}}
    assert bench.deploy(parts) == "ROLLBACK_COMPLETE"
    assert set(bench.resources.live) == {"K-2"}
    assert "B CREATE_FAILED" in bench.events()


def test_a_stack_whose_creation_was_rolled_back_is_created_anew(bench: EngineBench) -> None:
    bench.deploy({"A": after(Fails="create")})
    assert bench.deploy({"A": {}}) == "CREATE_COMPLETE"


def test_a_failed_update_brings_everything_back_and_the_failed_resource_too(bench: EngineBench) -> None:
    bench.deploy({"A": after(Size=1), "B": after("A", Name="b"), "C": after("B", Size=1)})
    before = bench.snapshot()
    bench.resources.calls.clear()
    changed = {"A": after(Size=2), "B": after("A", Name="c"), "C": after("B", Size=2, Fails="update")}
    assert bench.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert bench.resources.calls[-4:] == [("update", "C"), ("update", "A"), ("update", "C"), ("delete", "B")]
    assert bench.snapshot() == before


def test_a_resource_cannot_become_another_type(bench: EngineBench) -> None:
    bench.deploy({"A": {}})
    assert bench.deploy({"A": {"Type": "Other::Type"}}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "update of resource type is not permitted" in str(bench.world.timeline.entries)


def test_a_deletion_that_fails_leaves_what_the_failed_resource_needs(bench: EngineBench) -> None:
    bench.deploy({"A": {}, "B": after("A", Fails="delete"), "C": {}})
    end = bench.engine.delete("Stack")
    assert (end.status, end.reason) == ("DELETE_FAILED", "not deleted: B")
    assert set(bench.resources.live) == {"A-1", "B-2"}


def test_an_operation_that_cannot_resolve_a_value_fails_its_resource(bench: EngineBench) -> None:
    assert bench.deploy({"A": after(X={"Fn::GetAtt": ["B", "Nothing"]}), "B": {}}) == "ROLLBACK_COMPLETE"
    assert "B, a A::B::C, has no attribute Nothing here" in str(bench.world.timeline.entries)


def test_only_the_chosen_resources_are_played(bench: EngineBench) -> None:
    outputs = {"A": {"Value": {"Ref": "A"}}, "C": {"Value": {"Ref": "C"}}}
    assert bench.deploy({"A": {}, "B": after("A"), "C": {}}, only={"A", "B"}, Outputs=outputs) == "CREATE_COMPLETE"
    assert set(bench.resources.live) == {"A-1", "B-2"}
    assert bench.engine.stacks["Stack"].outputs == {"A": "A-1"}


def test_another_stacks_output_is_read_with_the_role_of_this_stack(bench: EngineBench) -> None:
    reference = {"Fn::GetStackOutput": {"StackName": "Stack", "OutputName": "A"}}
    other = {"Resources": {"B": {"Type": "A::B::C", "Properties": {"Of": reference}}}}
    bench.deploy({"A": {}}, Outputs={"A": {"Value": {"Ref": "A"}}})
    assert bench.engine.deploy(stack_place("Other"), other).status == "ROLLBACK_COMPLETE"
    (call,) = bench.world.timeline.denied
    assert (call.request.caller.arn, call.request.action) == (CLOUDFORMATION, "cloudformation:DescribeStacks")


def test_an_export_is_imported_and_an_output_without_its_condition_is_not_there(bench: EngineBench) -> None:
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    shared = {"Value": {"Ref": "A"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-a"}}}
    outputs = {"A": shared, "B": {"Value": "x", "Condition": "Never"}}
    bench.deploy({"A": {}, "N": {"Condition": "Never"}}, Outputs=outputs, Conditions=conditions)
    other = {"Resources": {"B": {"Type": "A::B::C", "Properties": {"Of": {"Fn::ImportValue": "Stack-a"}}}}}
    assert bench.engine.deploy(stack_place("Other"), other).succeeded
    assert bench.resources.live["B-2"] == {"Of": "A-1"}
    assert bench.engine.stacks["Stack"].outputs == {"A": "A-1"}


@st.composite
def templates(draw: st.DrawFn, names: str = "ABCDE") -> dict[str, Any]:
    chosen = [each for each in names if draw(st.booleans())]
    fails = draw(st.sampled_from(["", "", "", "create", "update"]))
    failing = draw(st.sampled_from(chosen)) if chosen else ""
    resources: dict[str, Any] = {}
    for number, name in enumerate(chosen):
        earlier = draw(st.lists(st.sampled_from(chosen[:number]), unique=True, max_size=2)) if number else []
        properties = {"Size": draw(st.integers(0, 1)), "Name": draw(st.sampled_from("xy"))}
        if name == failing and fails:
            properties["Fails"] = fails
        resources[name] = after(*earlier, **properties)
    return resources


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=templates(), later=st.lists(templates(), max_size=3))
def test_an_operation_succeeds_as_asked_or_changes_nothing(
    tmp_path: Path, before: dict[str, Any], later: list[dict[str, Any]]
) -> None:
    bench = EngineBench(tmp_path)
    for resources in (before, *later):
        present = bench.snapshot()
        existed = bool(bench.engine.stacks.get("Stack")) and "ROLLBACK_COMPLETE" not in bench.events()[-1:]
        status = bench.deploy(resources)
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            stack = bench.engine.stacks["Stack"]
            assert set(stack.resources) == set(resources)
            # Nothing is left of what was replaced or removed.
            assert {each.made.physical_id for each in stack.resources.values()} == set(bench.resources.live)
        elif status.endswith("_FAILED"):
            return
        elif existed:
            assert bench.snapshot() == present
        else:
            assert bench.resources.live == {}
    if bench.engine.stacks["Stack"].status.endswith("_COMPLETE"):
        bench.engine.delete("Stack")
        assert bench.resources.live == {}
