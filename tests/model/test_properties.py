from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.properties import PropertyError, PropertyGroups, refuse_run_options

ids = st.from_regex(r"[a-zA-Z0-9_.-]{1,50}", fullmatch=True)
entries = st.dictionaries(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30), min_size=1, max_size=5)
group_sets = st.dictionaries(ids, entries, max_size=6)


@given(group_sets)
def test_allowed_groups_are_kept_as_they_are(groups: dict[str, dict[str, str]]) -> None:
    kept = PropertyGroups(groups=groups)
    assert {name: dict(values) for name, values in kept.groups.items()} == groups


@given(group_sets, group_sets)
def test_adding_groups_never_loses_or_changes_an_entry(
    first: dict[str, dict[str, str]], second: dict[str, dict[str, str]]
) -> None:
    clash = any(first[g][k] != second[g][k] for g in first.keys() & second for k in first[g].keys() & second[g])
    if clash:
        with pytest.raises(PropertyError, match="in one place"):
            PropertyGroups(groups=first).with_groups(second)
        return
    merged = PropertyGroups(groups=first).with_groups(second).groups
    for given_groups in (first, second):
        for group, values in given_groups.items():
            assert values.items() <= merged[group].items()


@given(group_sets)
def test_adding_the_same_again_changes_nothing(groups: dict[str, dict[str, str]]) -> None:
    once = PropertyGroups(groups=groups)
    assert once.with_groups(groups).groups == once.groups


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({f"g{i}": {"k": "v"} for i in range(51)}, "at most 50 property groups, got 51"),
        ({"g": {f"k{i}": "v" for i in range(51)}}, "1 to 50 entries, got 51"),
        ({"g": {}}, "1 to 50 entries, got 0"),
        ({"g" * 51: {"k": "v"}}, "group id must be 1 to 50"),
        ({"a b": {"k": "v"}}, "group id must be 1 to 50.*'a b'"),
        ({"": {"k": "v"}}, "group id must be 1 to 50"),
        ({"g": {"k" * 2049: "v"}}, "1 to 2048 characters, got 2049"),
        ({"g": {"k": "v" * 2049}}, "value of 'k' in property group 'g' must be 1 to 2048 characters, got 2049"),
        ({"g": {"k": ""}}, "got 0"),
        ({"g": {"": "v"}}, "got 0"),
        ({"g": {"k": 5}}, "must be text, got 5 .int.: convert it"),
    ],
)
def test_groups_beyond_msfs_limits_are_refused(groups: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        PropertyGroups(groups=groups)


def test_the_limits_themselves_are_allowed() -> None:
    groups = {f"{i:050}": {f"{j:02048}": "v" * 2048 for j in range(50)} for i in range(50)}
    assert len(PropertyGroups(groups=groups).groups) == 50


def test_a_value_known_only_at_deployment_is_not_measured() -> None:
    groups = PropertyGroups(groups={"g": {"k": "${Token[1]}" * 999}}, is_opaque=lambda text: "${Token" in text)
    assert groups.with_group("h", {"k": "v"}).groups["h"] == {"k": "v"}


def test_groups_do_not_change_with_the_mapping_they_were_made_from() -> None:
    source = {"g": {"k": "v"}}
    groups = PropertyGroups(groups=source)
    source["g"]["k"] = "w"
    assert groups.groups["g"]["k"] == "v"


def test_run_options_are_refused() -> None:
    refuse_run_options({"g": {"python": "main.py"}})
    with pytest.raises(PropertyError, match="derived from the application's code"):
        refuse_run_options({"kinesis.analytics.flink.run.options": {"python": "main.py"}})


def test_two_values_for_one_key_are_refused() -> None:
    groups = PropertyGroups(groups={"input": {"topic": "a"}})
    with pytest.raises(PropertyError, match="'input' has 'topic' as 'a', got 'b' as well: set it in one place"):
        groups.with_group("input", {"topic": "b"})
