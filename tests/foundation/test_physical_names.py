from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack, Stage
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.foundation.physical_names import PhysicalNameError, claim_name
from cdk_penstock.model.sizing import SizingError
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from constructs import Construct

HERE = Environment(account="111122223333", region="eu-central-1")
THERE = Environment(account="111122223333", region="us-east-1")


def application(scope: Construct, construct_id: str = "App", **props: int) -> FlinkApplication:
    bucket = s3.Bucket.from_bucket_name(scope, f"{construct_id}Bucket", "code-bucket")
    code = ApplicationCode.from_bucket(bucket, "job.jar", object_version="1")
    return FlinkApplication(scope, construct_id, code=code, application_name="clicks", **props)  # type: ignore[arg-type]


def test_a_name_is_taken_in_other_stacks_and_stages_of_the_same_place() -> None:
    app = App()
    application(Stack(Stage(app, "Blue"), "Stack", env=HERE))
    with pytest.raises(PhysicalNameError, match="'clicks' of Green/Stack/App is taken by Blue/Stack/App"):
        application(Stack(Stage(app, "Green"), "Stack", env=HERE))


def test_another_region_and_another_app_have_the_name_too() -> None:
    app = App()
    application(Stack(app, "Here", env=HERE))
    application(Stack(app, "There", env=THERE))
    application(Stack(App(), "Here", env=HERE))


def test_stacks_without_a_place_may_go_to_different_ones() -> None:
    app = App()
    application(Stack(app, "First"))
    second = Stack(app, "Second")
    application(second)
    with pytest.raises(PhysicalNameError, match="taken by Second/App"):
        application(second, "Again")


def test_what_was_refused_does_not_keep_its_name() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    with pytest.raises(SizingError):
        application(stack, "TooLarge", parallelism=1000)
    application(stack)


def test_names_that_only_the_deployment_knows_are_not_compared() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    name = CfnParameter(stack, "Name").value_as_string
    for construct_id in ("First", "Second"):
        claim_name(Stack(stack, construct_id), "stream", name)


def test_kinds_of_names_are_told_apart() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    application(stack)
    EventStream(stack, "Stream", stream_name="clicks")
