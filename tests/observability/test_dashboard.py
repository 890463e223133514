from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Token
from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.observability import Dashboard, DashboardError

if TYPE_CHECKING:
    from pathlib import Path

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4), st.randoms())
def test_the_order_in_which_a_dashboard_was_written_makes_no_difference(content: dict[str, Any], order: Any) -> None:
    content = {"title": "Fleet"} | {k: v for k, v in content.items() if k not in {"title", "tags"}}
    shuffled = list(content.items())
    order.shuffle(shuffled)
    marked = [Dashboard(name="fleet", content=each).marked("mark") for each in (content, dict(shuffled))]
    assert marked[0] == marked[1]
    kept = {k: v for k, v in content.items() if k not in {"id", "uid", "version"}}
    assert json.loads(marked[0]) == kept | {"tags": ["mark"]}


def test_the_mark_joins_the_tags_and_what_is_grafanas_matter_is_left_out() -> None:
    content = {"title": "Fleet", "tags": ["fleet"], "id": 7, "uid": "x", "version": 3}
    assert json.loads(Dashboard(name="fleet", content=content).marked("mark")) == {
        "title": "Fleet",
        "tags": ["fleet", "mark"],
    }


def test_the_marks_of_other_deployments_in_an_export_are_left_out() -> None:
    content = {"title": "Fleet", "tags": ["penstock:cars:1a2b3c4d", "fleet", "mark of penstock:"]}
    tags = json.loads(Dashboard(name="fleet", content=content).marked("penstock:fleet:0"))["tags"]
    assert tags == ["fleet", "mark of penstock:", "penstock:fleet:0"]


def test_a_dashboard_comes_from_a_file_or_a_builder(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    path.write_text('{"title": "Fl\u00f6tte"}', encoding="utf-8")
    assert Dashboard.from_file("fleet", path).content == {"title": "Flötte"}
    path.write_text('{"title": "Fl\u00f6tte"}', encoding="utf-8-sig")
    assert Dashboard.from_file("fleet", path).content == {"title": "Flötte"}
    path.write_text("{}", encoding="utf-16")
    with pytest.raises(DashboardError, match=r"dashboard 'fleet' \(.*\) is encoded in UTF-16"):
        Dashboard.from_file("fleet", path)
    with pytest.raises(DashboardError, match="cannot be read: No such file"):
        Dashboard.from_file("fleet", tmp_path / "none.json")
    built = Dashboard.from_builder("fleet", Builder("Fleet"))
    assert (built.name, built.content["title"]) == ("fleet", "Fleet")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "must be JSON, got"),
        ("[]", "must be a JSON object, got list"),
        ("{}", "must have a title, got None"),
        ('{"title": " "}', "must have a title, got ' '"),
        pytest.param(json.dumps({"title": Token.as_string({"Ref": "X"})}), "known only at deployment", id="a token"),
        (json.dumps({"title": "Fleet", "text": "x" * 4 * 1024 * 1024}), "must be at most 4194304 bytes"),
    ],
)
def test_fails_for_what_could_not_be_deployed(text: str, problem: str) -> None:
    with pytest.raises(DashboardError, match=problem):
        Dashboard.from_json("fleet", text)


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_fails_for_a_value_that_json_does_not_have(value: object) -> None:
    with pytest.raises(DashboardError, match="must be JSON"):
        Dashboard(name="fleet", content={"title": "Fleet", "value": value})
