from __future__ import annotations

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack, Stage
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.foundation.physical_names import choose_name, claim_name
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.sizing import SizingError
from cdk_penstock.streams.kinesis import EventStream

HERE = Environment(account="111122223333", region="eu-central-1")
THERE = Environment(account="111122223333", region="us-east-1")


def application(scope: Construct, construct_id: str = "App", **props: int) -> FlinkApplication:
    bucket = s3.Bucket.from_bucket_name(scope, f"{construct_id}Bucket", "code-bucket")
    code = ApplicationCode.from_bucket(bucket, "job.jar", object_version="1")
    return FlinkApplication(scope, construct_id, code=code, application_name="clicks", **props)  # type: ignore[arg-type]


def test_a_name_is_taken_in_other_stacks_and_stages_of_the_same_place() -> None:
    app = App()
    application(Stack(Stage(app, "Blue"), "Stack", env=HERE))
    with pytest.raises(PenstockError, match="'clicks' of Green/Stack/App is taken by Blue/Stack/App"):
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
    with pytest.raises(PenstockError, match="taken by Second/App"):
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


def test_names_of_different_kinds_may_be_the_same() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    application(stack)
    EventStream(stack, "Stream", stream_name="clicks")


def check(name: str) -> str:
    if name != name.lower() or len(name) > 28:
        message = f"refused {name}"
        raise PenstockError(message)
    return name


def choose(scope: Construct, name: str | None, *, lowercase: bool = True) -> str:
    return choose_name(scope, name, "index_name", check, max_length=28, effect="loses all", lowercase=lowercase)


def test_a_name_from_the_path_comes_with_a_warning_that_names_the_argument() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    scope = Construct(stack, "ALongPath" * 5)
    name = choose(scope, None)
    (warning,) = [entry.data for entry in scope.node.metadata]
    assert check(name) == name
    assert warning == (
        f"index name {name!r} is made from the construct's path: moving or renaming a construct loses all; pass"
        " index_name [ack: penstock:generatedIndexName]"
    )


def test_a_given_name_is_checked_without_a_warning() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    assert choose(stack, "clicks") == "clicks"
    with pytest.raises(PenstockError, match="refused Clicks"):
        choose(stack, "Clicks")
    assert "penstock:" not in str([entry.data for entry in stack.node.metadata])


def test_a_name_known_only_at_deployment_is_not_checked() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    name = CfnParameter(stack, "NAME").value_as_string
    assert choose(stack, name) == name


def test_a_generated_name_is_checked_as_a_given_one_is() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    with pytest.raises(PenstockError, match="refused"):
        choose(Construct(stack, "Upper"), None, lowercase=False)
