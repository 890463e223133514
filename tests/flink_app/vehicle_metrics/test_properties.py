from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flink_job.properties import (
    MSF_FILE,
    PropertyError,
    PropertyGroup,
    PropertyGroups,
    load_property_groups,
    parse_property_groups,
)

if TYPE_CHECKING:
    from pathlib import Path


def group(**values: str) -> PropertyGroup:
    return PropertyGroup("job", {key.replace("_", "."): value for key, value in values.items()})


def test_groups_are_read_from_the_file_that_the_variable_names(tmp_path: Path) -> None:
    file = tmp_path / "properties.json"
    file.write_text(json.dumps([{"PropertyGroupId": "job", "PropertyMap": {"a": " b "}}]))
    groups = load_property_groups({"APPLICATION_PROPERTIES_FILE": str(file)})
    assert groups.required("job").text("a") == "b"
    assert groups.optional("other").text("a", "default") == "default"


def test_without_the_variable_the_file_of_msf_is_read() -> None:
    with pytest.raises(PropertyError, match=MSF_FILE):
        load_property_groups({})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "got invalid json"),
        ("{}", "got dict, expected a list of groups"),
        ('["job"]', "expected PropertyGroupId and PropertyMap"),
        ('[{"PropertyGroupId": "job"}]', "property group 'job', entry 0 of here: got no PropertyMap"),
        (
            '[{"PropertyGroupId": "job", "PropertyMap": {"a": 5}}]',
            "property group 'job': got 5 for key 'a', expected a text in quotes",
        ),
        (
            '[{"PropertyGroupId": "job", "PropertyMap": {}}, {"PropertyGroupId": "job", "PropertyMap": {}}]',
            "got group 'job' twice",
        ),
    ],
)
def test_a_file_that_is_not_of_msf_fails(content: str, message: str) -> None:
    with pytest.raises(PropertyError) as error:
        parse_property_groups(content, "here")
    assert message in str(error.value)


def test_a_missing_group_fails_with_the_groups_that_are_there() -> None:
    groups = PropertyGroups({"b": {}, "a": {}}, "here")
    with pytest.raises(PropertyError, match="property group 'job' is missing in here: got a, b"):
        groups.required("job")


@pytest.mark.parametrize("value", ["", "  "])
def test_a_missing_or_empty_value_fails(value: str) -> None:
    with pytest.raises(PropertyError, match="property group 'job': got no value for key 'topic'"):
        group(topic=value).text("topic")


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1_0", "11", "\u0661"])
def test_a_value_that_is_no_whole_number_within_limits_fails(value: str) -> None:
    with pytest.raises(PropertyError) as error:
        group(n=value).whole("n", least=0, most=10)
    assert str(error.value) == (
        f"property group 'job': got '{value}' for key 'n', expected a whole number from 0 to 10"
    )


@pytest.mark.parametrize("value", ["x", "-0.1", "1.1", "nan"])
def test_a_value_that_is_no_probability_fails(value: str) -> None:
    with pytest.raises(PropertyError, match="expected a number from 0 to 1"):
        group(p=value).probability("p", 0.5)


def test_values_and_defaults_are_converted() -> None:
    assert group(n="10").whole("n") == 10
    assert group().whole("n", 7) == 7
    assert group(p="0.25").probability("p", 0.5) == 0.25
    assert group().choice("c", ("a", "b"), "b") == "b"
    with pytest.raises(PropertyError, match="got 'c' for key 'c', expected one of a, b"):
        group(c="c").choice("c", ("a", "b"), "b")
