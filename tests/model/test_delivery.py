from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.delivery import (
    Buffering,
    DeliveryError,
    check_delivery_stream_name,
    check_error_prefix,
    check_partition_keys,
    check_prefix,
)


@given(size=st.integers(-1, 200), seconds=st.integers(-1, 1000), columnar=st.booleans(), partitioned=st.booleans())
def test_buffering_is_accepted_exactly_within_firehoses_limits(
    size: int, seconds: int, columnar: bool, partitioned: bool
) -> None:
    possible = (64 if columnar or partitioned else 1) <= size <= 128 and (60 if partitioned else 0) <= seconds <= 900
    try:
        buffering = Buffering(size_mib=size, interval_seconds=seconds, columnar=columnar, partitioned=partitioned)
    except DeliveryError:
        assert not possible
    else:
        assert possible
        assert seconds <= buffering.longest_delay_seconds <= seconds * 1.5


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "a/b"])
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(DeliveryError, match="1 to 64 letters"):
        check_delivery_stream_name(name)


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("raw/", []),
        ("", []),
        ("raw/!{timestamp:yyyy/MM}/!{firehose:random-string}/", []),
        ("raw/!{partitionKeyFromQuery:a}/!{timestamp:HH}/", ["a"]),
    ],
)
def test_prefixes_that_firehose_can_evaluate_are_accepted(prefix: str, keys: list[str]) -> None:
    assert check_prefix(prefix, keys=keys) == prefix


@pytest.mark.parametrize(
    ("prefix", "keys", "message"),
    [
        ("raw/!{year}/", [], "has the expression"),
        ("raw/!{firehose:error-output-type}/", [], "has the expression"),
        ("raw/!{partitionKeyFromLambda:a}/", [], "has the expression"),
        ("raw/!{partitionKeyFromQuery:a}/", ["a", "b"], "make both the same"),
        ("raw/", ["a"], "make both the same"),
        ("x" * 1025, [], "1024 characters"),
    ],
)
def test_other_prefixes_are_refused(prefix: str, keys: list[str], message: str) -> None:
    with pytest.raises(DeliveryError, match=message):
        check_prefix(prefix, keys=keys)


@pytest.mark.parametrize(
    ("error_prefix", "prefix", "message"),
    [
        ("errors/!{partitionKeyFromQuery:a}/", "raw/", "timestamp and firehose only"),
        ("errors/", "raw/!{timestamp:yyyy}/", "must have"),
        ("", "raw/", "choose two folders"),
        ("raw/errors/", "raw/", "choose two folders"),
        ("errors/!{firehose:error-output-type}/", "!{timestamp:yyyy}/", "choose two folders"),
    ],
)
def test_error_prefixes_that_hide_errors_are_refused(error_prefix: str, prefix: str, message: str) -> None:
    with pytest.raises(DeliveryError, match=message):
        check_error_prefix(error_prefix, prefix=prefix)


def test_a_plain_prefix_needs_only_a_plain_error_prefix() -> None:
    assert check_error_prefix("errors/", prefix="raw/") == "errors/"


@pytest.mark.parametrize("keys", [[], [f"k{i}" for i in range(51)], ["a-b"], ["1a"]])
def test_impossible_partition_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(DeliveryError):
        check_partition_keys(keys)


@pytest.mark.parametrize("prefix", ["x", "delivered", "x!{timestamp:yyyy}"])
def test_a_prefix_that_is_not_a_folder_is_refused_with_the_fix(prefix: str) -> None:
    with pytest.raises(DeliveryError, match=f"prefix {prefix!r} is not a folder: end it with '/'"):
        check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["raw/!{timestamp:yyyy/", "raw/!{timestamp}/!{"])
def test_an_expression_that_is_not_closed_is_refused(prefix: str) -> None:
    with pytest.raises(DeliveryError, match="has an expression without its '}'"):
        check_prefix(prefix)
    with pytest.raises(DeliveryError, match="has an expression without its '}'"):
        check_error_prefix(prefix, prefix="raw/")
