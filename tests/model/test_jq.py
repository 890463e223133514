from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.jq import check_query, object_of_queries

VALID = [
    ".deviceId",
    '.ts | strftime("%Y")',
    '.timestamp / 1000 | strftime("%Y-%m-%d")',
    '.deviceId // "unknown"',
    'if .n > 10 then "big" else "small" end',
    '."device-id"',
    '.["device-id"]',
    ".total - .used",
    ".total-.used",
    ".a-1",
    '"\\(.region)-\\(.model)"',
    '"a text with ( and , and # and \\" in it"',
    "[.a, .b] | length",
    ".a.if",
    "{if: 1, end: 2} | .end",
    ".a // error",
    '.list[0] | tostring | ascii_downcase | split("-") | .[0]',
]


@pytest.mark.parametrize("query", VALID)
def test_queries_that_jq_takes_are_accepted_and_put_in_parentheses(query: str) -> None:
    assert check_query("key", query) == query
    assert object_of_queries({"key": query, "other": ".b"}) == f"{{key:({query}),other:(.b)}}"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ('.ts | strftime("%Y)', "has a text without its closing"),
        ("(.a", "does not close its '\\('"),
        (".a)", "closes a '\\)' that nothing opens"),
        ("[.a}", "closes a '}' that nothing opens"),
        (".device-id", 'write ."device-id" for a field of that name'),
        (".a | .device-id-2x", "subtracts"),
        (".a, .b", "gives several values"),
        (".a |", "lacks a part at its beginning or end"),
        ("| .a", "lacks a part"),
        (".a //", "lacks a part"),
        (".a # the region", "has a '#'"),
        ('if .a then "b"', "has an 'if' without its 'end'"),
    ],
)
def test_queries_that_jq_would_refuse_or_misread_are_refused(query: str, message: str) -> None:
    with pytest.raises(PenstockError, match=message) as error:
        check_query("device", query)
    assert "partition key 'device'" in str(error.value)
    assert repr(query) in str(error.value)


@given(st.sampled_from(VALID), st.sampled_from(["(", ")", "[", "]", '"']), st.booleans())
def test_one_more_bracket_or_quote_is_always_noticed(query: str, extra: str, at_the_end: bool) -> None:
    with pytest.raises(PenstockError):
        check_query("key", query + extra if at_the_end else extra + query)
