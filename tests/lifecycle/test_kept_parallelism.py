from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import CustomerManagedEncryption
from cdk_penstock.lifecycle import KeptParallelism, ScalingError, VerifiedStart
from cdk_penstock.review.dependencies import arrows_of, path_between
from tests.lifecycle.conftest import (
    APPLICATION,
    KEPT,
    actions_in,
    app_of,
    application_in,
    new_stack,
    only,
    operator_in,
    resources,
    statements_of,
)

START = "Custom::PenstockApplicationStart"


def kept_stack(**props: Any) -> Stack:
    stack = new_stack()
    application = application_in(stack, **props)
    operator = operator_in(stack)
    KeptParallelism(stack, "Kept", application=application, operator=operator)
    VerifiedStart(stack, "Start", application=application, operator=operator)
    return stack


@pytest.fixture(scope="module")
def kept() -> Stack:
    return kept_stack()


def parallelism_of(stack: Stack) -> dict[str, Any]:
    flink = only(stack, APPLICATION)["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    block: dict[str, Any] = flink["ParallelismConfiguration"]
    return block


def test_by_default_an_application_has_plain_numbers_in_its_template() -> None:
    stack = new_stack()
    application_in(stack)
    assert parallelism_of(stack) == {
        "ConfigurationType": "CUSTOM",
        "Parallelism": 4,
        "ParallelismPerKPU": 1,
        "AutoScalingEnabled": False,
    }


def test_the_application_takes_its_parallelism_from_what_the_deployment_finds(kept: Stack) -> None:
    (name,) = [name for name, body in resources(kept).items() if body["Type"] == KEPT]
    assert parallelism_of(kept) == {
        "ConfigurationType": "CUSTOM",
        "Parallelism": {"Fn::GetAtt": [name, "Parallelism"]},
        "ParallelismPerKPU": {"Fn::GetAtt": [name, "ParallelismPerKpu"]},
        "AutoScalingEnabled": False,
    }
    properties = only(kept, KEPT)
    assert {each: properties[each] for each in ("Parallelism", "ParallelismPerKpu", "MaxKpus", "MaxParallelism")} == {
        "Parallelism": "4",
        "ParallelismPerKpu": "1",
        "MaxKpus": "64",
        "MaxParallelism": "0",
    }


def test_with_everything_on_it_is_told_all_limits_and_no_circle_is_closed() -> None:
    stack = new_stack()
    application = application_in(stack, parallelism_per_kpu=2, max_kpus=32, max_parallelism=64)
    person = [iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall")]
    encryption = CustomerManagedEncryption(
        stack, "Encryption", application=application, operators=person, key_administrators=person
    )
    KeptParallelism(stack, "Kept", application=application, operator=encryption.operator)
    VerifiedStart(stack, "Start", application=application, operator=encryption.operator)
    properties = only(stack, KEPT)
    assert (properties["ParallelismPerKpu"], properties["MaxKpus"], properties["MaxParallelism"]) == ("2", "32", "64")
    found = resources(stack)
    arrows = arrows_of(found)
    for name in found:
        around = [each for each in arrows if each.earlier == name]
        assert not any(path_between(arrows, name, each.later) for each in around), name
    ids = {body["Type"]: name for name, body in found.items()}
    assert path_between(arrows, ids["Custom::PenstockApplicationKey"], ids[APPLICATION])
    assert path_between(arrows, ids[APPLICATION], ids[KEPT])


def test_it_may_look_at_its_own_stack_and_only_as_the_operator_at_the_application(kept: Stack) -> None:
    statements = statements_of(kept, "PenstockApplicationRoleDefaultPolicy")
    assert actions_in(statements) == {
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    looks = [each for each in statements if "cloudformation:DescribeStacks" in each["Action"]]
    assert looks
    assert all(each["Resource"] == {"Ref": "AWS::StackId"} for each in looks)


@pytest.mark.parametrize(
    "change",
    [{"parallelism": 8}, {"property_groups": {"input": {"topic": "other"}}}, {"system_rollback_enabled": False}],
    ids=lambda change: next(iter(change)),
)
def test_every_change_of_the_application_asks_again_and_is_looked_at_after_it(
    kept: Stack, change: dict[str, Any]
) -> None:
    changed = kept_stack(**change)
    for kind in (KEPT, START):
        assert only(changed, kind)["ApplicationRevision"] != only(kept, kind)["ApplicationRevision"]


def test_a_change_of_tags_and_of_a_value_from_elsewhere_asks_again(kept: Stack) -> None:
    tagged = kept_stack()
    Tags.of(tagged).add("team", "orders")
    assert only(tagged, KEPT)["ApplicationRevision"] != only(kept, KEPT)["ApplicationRevision"]
    app = App()
    bucket = s3.Bucket(Stack(app, "Other"), "Bucket")
    stack = Stack(app, "Stack")
    application = FlinkApplication(
        stack, "App", code=ApplicationCode.from_bucket(bucket, "job.zip", object_version="1"), application_name="orders"
    )
    KeptParallelism(stack, "Kept", application=application, operator=operator_in(stack))
    separator, references = only(stack, KEPT)["ApplicationReferences"]["Fn::Join"]
    assert separator == "\n"
    code = only(stack, APPLICATION)["ApplicationConfiguration"]["ApplicationCodeConfiguration"]["CodeContent"]
    assert code["S3ContentLocation"]["BucketARN"] in references
    assert only(stack, APPLICATION)["ServiceExecutionRole"] in references
    (own,) = [name for name, body in resources(stack).items() if body["Type"] == KEPT]
    assert own not in str(references)


def test_it_refuses_another_stack_and_a_second_one() -> None:
    stack = new_stack()
    application, operator = application_in(stack), operator_in(stack)
    with pytest.raises(ScalingError, match="is in another stack than the application Stack/App"):
        KeptParallelism(Stack(app_of(stack), "Far"), "Kept", application=application, operator=operator)
    KeptParallelism(stack, "Kept", application=application, operator=operator)
    with pytest.raises(ScalingError, match="is kept already: give it one KeptParallelism"):
        KeptParallelism(stack, "Again", application=application, operator=operator)


def test_it_passes_all_checks() -> None:
    stack = new_stack()
    KeptParallelism(stack, "Kept", application=application_in(stack), operator=operator_in(stack))
    add_checks(app_of(stack))
    app_of(stack).synth()
