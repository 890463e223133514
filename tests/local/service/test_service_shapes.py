"""Requests and answers against botocore's model of the service."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.shapes import ServiceShapes, UnexpectedAnswerError, json_document
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.model_values import MODEL, all_shapes, valid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

SHAPES = ServiceShapes("kinesisanalyticsv2")
CREATE = {"ApplicationName": "a", "RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": "arn:aws:iam::1:role/r"}
AT_NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def message(operation: str, document: Mapping[str, Any]) -> str:
    with pytest.raises(RefusedCallError) as refused:
        SHAPES.read(operation, document)
    assert refused.value.code is RefusalCode.INVALID_ARGUMENT
    return str(refused.value)


def group(properties: object, name: object = "g") -> dict[str, Any]:
    groups = [{"PropertyGroupId": name, "PropertyMap": properties}]
    return {**CREATE, "ApplicationConfiguration": {"EnvironmentProperties": {"PropertyGroups": groups}}}


@given(st.data())
def test_whatever_botocore_sends_for_a_valid_request_arrives_equal(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(MODEL.operation_names))
    model = MODEL.operation_model(operation)
    parameters = data.draw(valid_request(model.input_shape))
    body = create_serializer("json").serialize_to_request(parameters, model)["body"]
    assert SHAPES.read(operation, json_document(body)) == parameters


@given(st.data())
def test_an_answer_that_the_model_allows_is_written_and_read_back_by_botocore(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(MODEL.operation_names))
    answer = data.draw(valid_request(MODEL.operation_model(operation).output_shape))
    body = json.dumps(SHAPES.write(operation, answer)).encode()
    response = {"body": body, "headers": {}, "status_code": 200}
    parsed = create_parser("json").parse(response, MODEL.operation_model(operation).output_shape)
    parsed.pop("ResponseMetadata")
    assert parsed == answer


def test_every_pattern_of_the_model_is_one_that_python_has() -> None:
    patterns = {shape.metadata["pattern"] for shape in all_shapes() if "pattern" in shape.metadata}
    assert len(patterns) > 5
    for pattern in patterns:
        re.compile(pattern)


@pytest.mark.parametrize(
    ("operation", "document", "expected"),
    [
        (
            "DescribeApplication",
            {"ApplicationName": "a b"},
            (
                "1 validation error detected: Value 'a b' at 'applicationName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
        (
            "DescribeApplication",
            {},
            (
                "1 validation error detected: Value null at 'applicationName' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        ("DescribeApplication", {"ApplicationName": None}, "Value null at 'applicationName'"),
        ("DescribeApplication", {"ApplicationName": "good\n"}, "regular expression pattern"),
        ("DescribeApplication", {"ApplicationName": ""}, "Member must have length greater than or equal to 1"),
        ("DescribeApplication", {"ApplicationName": "a" * 129}, "Member must have length less than or equal to 128"),
        ("DescribeApplication", {"ApplicationName": 1}, "Value '1' at 'applicationName' failed to satisfy"),
        (
            "DescribeApplication",
            {"ApplicationName": "a", "Foo": 1},
            "'Foo' failed to satisfy constraint: Member must be",
        ),
        ("DescribeApplication", {"ApplicationName": "a", "applicationName": "a"}, "a member of DescribeApplicationReq"),
        (
            "ListApplications",
            {"Limit": 51},
            "Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50",
        ),
        ("ListApplications", {"Limit": 0}, "Member must have value greater than or equal to 1"),
        (
            "ListApplications",
            {"Limit": True},
            "Value 'true' at 'limit' failed to satisfy constraint: Member must be a whole",
        ),
        ("ListApplications", {"Limit": 1.0}, "Member must be a whole number of 32 bits"),
        ("ListApplications", {"Limit": "5"}, "Member must be a whole number of 32 bits"),
        ("StopApplication", {"ApplicationName": "a", "Force": "true"}, "Value 'true' at 'force'"),
        ("StopApplication", {"ApplicationName": "a", "Force": 1}, "Member must be a boolean"),
        (
            "CreateApplicationPresignedUrl",
            {"ApplicationName": "a", "UrlType": "NOPE"},
            "Member must satisfy enum value set: [FLINK_DASHBOARD_URL, ZEPPELIN_UI_URL]",
        ),
        (
            "CreateApplicationPresignedUrl",
            {"ApplicationName": "a", "UrlType": "ZEPPELIN_UI_URL", "SessionExpirationDurationInSeconds": 99_999_999},
            "Member must have value less than or equal to 43200",
        ),
        (
            "CreateApplication",
            group({"k": "v"}, "x y"),
            "'applicationConfiguration.environmentProperties.propertyGroups.1.member.propertyGroupId'",
        ),
        ("CreateApplication", group({}), "propertyMap' failed to satisfy constraint: Member must have length greater"),
        ("CreateApplication", group({str(n): "v" for n in range(51)}), "less than or equal to 50"),
        ("CreateApplication", group({"k": ""}), "propertyMap.k.member' failed to satisfy constraint: Member must have"),
        (
            "CreateApplication",
            group({"k": None}),
            "propertyMap.k.member' failed to satisfy constraint: Member must not",
        ),
        ("CreateApplication", group({"k" * 2049: "v"}), "propertyMap.key' failed to satisfy constraint"),
        ("CreateApplication", group([]), "Member must be a map"),
        ("CreateApplication", group({"k": "\ud800"}), "lone surrogate"),
        ("CreateApplication", {**CREATE, "Tags": [None]}, "Value null at 'tags.1.member' failed to satisfy constraint"),
        ("CreateApplication", {**CREATE, "Tags": {}}, "Member must be a list"),
        ("CreateApplication", {**CREATE, "Tags": []}, "Member must have length greater than or equal to 1"),
        ("CreateApplication", {**CREATE, "Tags": [{"Key": "k"}] * 201}, "less than or equal to 200"),
        ("CreateApplication", {**CREATE, "Tags": [[]]}, "Member must be a structure, Tag"),
        ("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": "yesterday"}, "Member must be a timestamp"),
        ("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": 1e300}, "Member must be a timestamp"),
        ("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": 10**400}, "Member must be a timestamp"),
        ("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": True}, "Member must be a timestamp"),
        ("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": "0001-01-01T00:00:00+23:00"}, "a timestamp"),
    ],
)
def test_a_request_is_refused_in_the_words_of_aws(operation: str, document: dict[str, Any], expected: str) -> None:
    assert expected in message(operation, document)


def test_several_problems_are_counted_and_the_first_ones_listed() -> None:
    text = message("CreateApplication", {"ApplicationName": "a b", "RuntimeEnvironment": "FLINK-9"})
    assert text.startswith("3 validation errors detected: Value 'a b' at 'applicationName'")
    assert text.count("; ") == 2
    many = message("ListApplications", {str(number): 1 for number in range(1000)})
    assert many.startswith("1000 validation errors detected")
    assert len(many) < 5000


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(message("DescribeApplication", {"ApplicationName": "a" * 1_000_000})) < 1000


def test_binary_data_is_base64_and_its_length_is_that_of_the_bytes() -> None:
    def document(content: object) -> dict[str, Any]:
        code = {"CodeContentType": "ZIPFILE", "CodeContent": {"ZipFileContent": content}}
        return {**CREATE, "ApplicationConfiguration": {"ApplicationCodeConfiguration": code}}

    read = SHAPES.read("CreateApplication", document("AAEC"))
    assert (
        read["ApplicationConfiguration"]["ApplicationCodeConfiguration"]["CodeContent"]["ZipFileContent"] == b"\0\1\2"
    )
    for wrong in ("AAE", "A*EC", "äöü=", 1, ["AAEC"]):
        assert "Member must be base64 text" in message("CreateApplication", document(wrong))


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        (1_777_636_800, AT_NOON),
        (1_777_636_800.25, AT_NOON + timedelta(seconds=0.25)),
        (1_777_636_800.813391, AT_NOON + timedelta(microseconds=813391)),
        ("2026-05-01T12:00:00Z", AT_NOON),
        ("2026-05-01T14:00:00+02:00", AT_NOON),
        ("2026-05-01T12:00:00.250Z", AT_NOON + timedelta(seconds=0.25)),
        ("2026-05-01T12:00:00", AT_NOON),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_number_or_text_and_arrives_in_utc(given_time: object, expected: datetime) -> None:
    read = SHAPES.read("DeleteApplication", {"ApplicationName": "a", "CreateTimestamp": given_time})
    assert read["CreateTimestamp"] == expected
    assert read["CreateTimestamp"].tzinfo is UTC


def test_null_means_absent() -> None:
    assert SHAPES.read("StopApplication", {"ApplicationName": "a", "Force": None}) == {"ApplicationName": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"\xff\xfe{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xe9"}',
        b'{"a": ' + b"[" * 200_000,
        b'{"a": ' * 100_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedCallError) as refused:
        json_document(body)
    assert refused.value.code is RefusalCode.SERIALIZATION


DETAIL = {
    "ApplicationARN": "arn:aws:x",
    "ApplicationName": "a",
    "RuntimeEnvironment": "FLINK-1_20",
    "ApplicationStatus": "READY",
    "ApplicationVersionId": 1,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Tags": []}, "ApplicationDetail must be a structure, ApplicationDetail, without the member Tags"),
        ({"ApplicationStatus": "ASLEEP"}, "ApplicationDetail.ApplicationStatus must be one of DELETING, STARTING"),
        ({"ApplicationVersionId": "1"}, "ApplicationDetail.ApplicationVersionId must be a whole number"),
        ({"ApplicationVersionId": True}, "must be a whole number"),
        ({"ApplicationName": None}, "ApplicationDetail.ApplicationName must be text, got None"),
        ({"ApplicationName": "\udc80"}, "must be text"),
        ({"CreateTimestamp": datetime(2026, 5, 1)}, "a datetime with a time zone"),  # noqa: DTZ001 - that is the mistake
        ({"CreateTimestamp": 1.0}, "a datetime with a time zone"),
        ({"CloudWatchLoggingOptionDescriptions": {}}, "must be a list"),
        ({"CloudWatchLoggingOptionDescriptions": [{}]}, "with the member LogStreamARN"),
        ({"ApplicationConfigurationDescription": []}, "must be a structure"),
    ],
)
def test_an_answer_that_the_model_does_not_allow_fails(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=re.escape(expected)):
        SHAPES.write("DescribeApplication", {"ApplicationDetail": {**DETAIL, **change}})


@pytest.mark.parametrize("missing", DETAIL)
def test_an_answer_without_a_required_member_fails(missing: str) -> None:
    detail = {name: value for name, value in DETAIL.items() if name != missing}
    with pytest.raises(UnexpectedAnswerError, match=missing):
        SHAPES.write("DescribeApplication", {"ApplicationDetail": detail})


def test_a_time_is_answered_in_epoch_seconds_with_a_fraction() -> None:
    time = (AT_NOON + timedelta(milliseconds=250)).astimezone(timezone(timedelta(hours=2)))
    written = SHAPES.write("DescribeApplication", {"ApplicationDetail": {**DETAIL, "CreateTimestamp": time}})
    assert written["ApplicationDetail"]["CreateTimestamp"] == 1_777_636_800.25
