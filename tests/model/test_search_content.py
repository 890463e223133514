from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.search_content import (
    Content,
    ContentError,
    Item,
    access_role,
    check_index_template,
    decode,
    encode,
    parse_saved_objects,
    plan,
)

ITEMS = st.builds(Item, st.sampled_from(["role", "mapping", "template", "object"]), st.sampled_from("ab"), st.just(""))
SETS = st.frozensets(ITEMS)


@given(wanted=SETS, owned=SETS, present=SETS)
def test_a_plan_never_touches_items_of_another_owner(
    wanted: frozenset[Item], owned: frozenset[Item], present: frozenset[Item]
) -> None:
    foreign = (wanted & present) - owned
    try:
        steps = plan(wanted, owned=owned, present=present)
    except ContentError:
        assert any(item.kind != "mapping" for item in foreign)
        return
    assert all(item.kind == "mapping" for item in foreign)
    assert steps.put == wanted - foreign
    assert set(steps.remove) == owned - wanted
    # At every moment in between, what is in the domain because of us is in the ledger.
    assert steps.put | owned <= steps.claim
    assert not foreign & steps.claim


@given(owned=SETS)
def test_nothing_is_removed_before_what_refers_to_it(owned: frozenset[Item]) -> None:
    kinds = [item.kind for item in plan(frozenset(), owned=owned, present=frozenset()).remove]
    assert kinds == sorted(kinds, key=["object", "template", "mapping", "role"].index)


@given(kind=st.text(), name=st.text(), detail=st.text())
def test_an_item_is_unchanged_after_the_ledger(kind: str, name: str, detail: str) -> None:
    assert Item.parse(str(Item(kind, name, detail))) == Item(kind, name, detail)


@pytest.mark.parametrize("noise", ["", "x" * 10_000])
def test_content_is_unchanged_after_encoding_and_decoding(noise: str) -> None:
    content = Content(
        roles={"writer": access_role("a-*")},
        mappings={"writer": ("arn",)},
        index_templates={"a": {"index_patterns": ["a-*"]}},
        saved_objects=({"type": "dashboard", "id": "ä", "attributes": {"noise": noise}},),
    )
    assert decode(encode(content), mappings={"writer": ("arn",)}) == content
    assert encode(content) == encode(content)
    assert len(encode(content)) < 5000
    assert {item.kind for item in content.items} == {"role", "mapping", "template", "object"}


def test_a_template_shows_what_a_role_may_do() -> None:
    roles = {"writer": access_role("a-*")}
    assert json.loads(encode(Content(roles=roles)))["roles"] == roles


def test_content_that_is_too_large_for_a_custom_resource_is_refused() -> None:
    with pytest.raises(ContentError, match="split them"):
        encode(Content(saved_objects=({"type": "a", "id": "b", "noise": secrets.token_hex(200_000)},)))


@pytest.mark.parametrize("size", [10, 5000])
def test_large_content_with_a_token_is_refused(size: int) -> None:
    content = Content(saved_objects=({"type": "a", "id": "b", "token": "?" * size},))
    if size < 4096:
        assert "?" in encode(content, is_opaque=lambda text: "?" in text)
    else:
        with pytest.raises(ContentError, match="separate content"):
            encode(content, is_opaque=lambda text: "?" in text)
    assert encode(content, is_opaque=lambda text: "!" in text) == encode(content)


def test_a_writer_reads_nothing_and_sees_its_own_indexes_only() -> None:
    (permissions,) = access_role("vehicles-*")["index_permissions"]
    assert permissions["index_patterns"] == ["vehicles-*"]
    assert not any("read" in action or action in {"*", "indices:*"} for action in permissions["allowed_actions"])


def test_an_exported_file_loses_its_summary_and_keeps_its_objects() -> None:
    lines = [{"type": "a", "id": "1"}, {"type": "a", "id": "2"}, {"exportedCount": 2}]
    text = "\n\n".join(json.dumps(line) for line in lines)
    assert parse_saved_objects(text) == tuple(lines[:2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1 .* not JSON"),
        ("[]", "no type and id"),
        ('{"type": "a"}', "no type and id"),
        ('{"type": "a", "id": "1"}\n{"type": "a", "id": "1"}', "line 2 .* repeats a/1"),
    ],
)
def test_a_file_that_is_not_an_export_is_refused(text: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        parse_saved_objects(text)


def template(**settings: Any) -> dict[str, Any]:
    return {"index_patterns": ["a-*"], "template": {"settings": settings}}


@pytest.mark.parametrize("settings", [{"number_of_replicas": 2}, {"index": {"number_of_replicas": "5"}}])
def test_copies_in_multiples_of_three_suit_a_standby_zone(settings: dict[str, Any]) -> None:
    check_index_template("a", template(**settings), copies=3)


def test_without_a_standby_zone_any_number_of_copies_is_accepted() -> None:
    check_index_template("a", template(), copies=1)


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("A", template(), "lowercase"),
        ("", template(), "lowercase"),
        ("_a", template(), "lowercase"),
        ("a b", template(), "lowercase"),
        ("a", {}, "needs index_patterns"),
        ("a", {"index_patterns": "a-*"}, "needs index_patterns"),
        ("a", template(), "set number_of_replicas to 2"),
        ("a", template(number_of_replicas=1), "set number_of_replicas to 2"),
    ],
)
def test_an_index_template_that_the_domain_would_refuse_is_refused(
    name: str, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContentError, match=message):
        check_index_template(name, body, copies=3)


def test_a_line_separator_within_a_saved_object_ends_no_line() -> None:
    (found,) = parse_saved_objects('{"type": "visualization", "id": "a", "title": "one\u2028two"}\n')
    assert found["title"] == "one\u2028two"
