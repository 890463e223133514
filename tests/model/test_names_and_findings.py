from __future__ import annotations

import pytest

from cdk_penstock.model.findings import nag_wildcard_id, resource_pattern, wildcard_id
from cdk_penstock.model.names import ApplicationNameError, check_application_name


@pytest.mark.parametrize("name", ["a", "vehicle-metrics_1.prod", "x" * 128])
def test_names_that_msf_allows_are_returned(name: str) -> None:
    assert check_application_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "x" * 129, "ä", "a/b", "a\n"])
def test_names_that_msf_refuses_are_refused(name: str) -> None:
    with pytest.raises(ApplicationNameError, match="1 to 128 letters"):
        check_application_name(name)


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("*", "*"),
        ("arn:aws:s3:::${Bucket}/*", "arn:aws:s3:::<Bucket>/*"),
        ({"Ref": "Topic"}, "<Topic>"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "<Key.Arn>"),
        ({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::b/*"]]}, "arn:<AWS::Partition>:s3:::b/*"),
        ({"Fn::Sub": "${A}-b"}, "<A>-b"),
        ({"Fn::ImportValue": "other:Export"}, "other:Export"),
        ({"Fn::Select": [0, "x"]}, '{"Fn::Select":[0,"x"]}'),
        (7, "7"),
    ],
)
def test_a_resource_is_one_line_of_text(resource: object, pattern: str) -> None:
    assert resource_pattern(resource) == pattern


def test_findings_about_wildcards_name_action_and_resource() -> None:
    assert wildcard_id("s3:Get*", {"Ref": "B"}) == "MSF7[s3:Get*@<B>]"
    assert nag_wildcard_id("*") == "AwsSolutions-IAM5[Resource::*]"
