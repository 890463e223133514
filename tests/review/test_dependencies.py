from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.review.dependencies import arrows_of, path_between

RESOURCES = {
    "Role": {"Type": "Role"},
    "App": {"Type": "App", "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}}, "DependsOn": "Other"},
    "Key": {"Type": "Key", "Properties": {"Policy": [{"Arn": {"Fn::Join": ["", ["a", {"Ref": "App"}]]}}]}},
    "Sub": {"Type": "Sub", "Properties": {"Text": {"Fn::Sub": "${Key.Arn}/${AWS::Region}"}}, "DependsOn": ["Key"]},
    "Deep": {"Type": "Deep", "Properties": {"Text": {"Fn::Sub": ["${X}${Key}", {"X": {"Ref": "Sub"}}]}}},
    "Old": {"Type": "Old", "Properties": {"Arn": {"Fn::GetAtt": "Role.Arn"}}},
    "Other": {"Type": "Other", "Properties": {"Count": 1}},
}


def test_every_kind_of_reference_is_an_arrow_with_its_place() -> None:
    found = {(arrow.later, arrow.earlier): arrow.because for arrow in arrows_of(RESOURCES)}
    assert found == {
        ("App", "Role"): "Properties.Role",
        ("App", "Other"): "DependsOn",
        ("Key", "App"): "Properties.Policy[0].Arn.Fn::Join[1][1]",
        ("Sub", "Key"): "Properties.Text",
        ("Deep", "Sub"): "Properties.Text.X",
        ("Deep", "Key"): "Properties.Text",
        ("Old", "Role"): "Properties.Arn",
    }


def test_a_chain_is_found_and_its_direction_matters() -> None:
    arrows = arrows_of(RESOURCES)
    path = path_between(arrows, "Sub", "Role")
    assert path is not None
    assert [arrow.later for arrow in path] == ["Sub", "Key", "App"]
    assert path_between(arrows, "Role", "Sub") is None
    assert path_between(arrows, "Other", "Role") is None


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))))
def test_a_path_exists_exactly_where_a_walk_reaches(edges: set[tuple[int, int]]) -> None:
    edges = {(later, earlier) for later, earlier in edges if later != earlier}
    resources = {
        str(node): {"Type": "T", "DependsOn": [str(earlier) for later, earlier in sorted(edges) if later == node]}
        for node in range(8)
    }
    reached = {(later, earlier) for later, earlier in edges}
    for middle in range(8):
        reached |= {(a, d) for a in range(8) for d in range(8) if (a, middle) in reached and (middle, d) in reached}
    arrows = arrows_of(resources)
    for later in range(8):
        for earlier in range(8):
            path = path_between(arrows, str(later), str(earlier))
            assert (path is not None) == ((later, earlier) in reached)
            assert path is None or (path[0].later, path[-1].earlier) == (str(later), str(earlier))
