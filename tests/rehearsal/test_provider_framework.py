"""The CDK's provider framework in its own rules, and functions that answer CloudFormation's URL themselves."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr

from cdk_penstock.rehearsal.functions.function_errors import NotRunnableFunctionError
from cdk_penstock.rehearsal.functions.functions import DeployedFunction
from cdk_penstock.rehearsal.functions.provider_framework import framework_is_known
from cdk_penstock.rehearsal.world.play_clocks import BEGIN
from cdk_penstock.rehearsal.world.state_machines import StateMachine
from cdk_penstock.rehearsal.world.world import World
from tests.rehearsal.function_world import add_role, deploy, function_arn
from tests.rehearsal.provider_bench import ACCOUNT, REGION, allow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.rehearsal.functions.provider_framework import CustomResourceAnswer

WAITER = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:waiter"
ON_EVENT, IS_COMPLETE, TOKEN = (function_arn(each) for each in ("on-event", "is-complete", "framework-onEvent"))
FRAMEWORK_IS_COMPLETE, FRAMEWORK_ON_TIMEOUT = (
    function_arn(f"framework-{each}") for each in ("isComplete", "onTimeout")
)
MARKER = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
DEFINITION: dict[str, Any] = {
    "StartAt": "ask",
    "States": {
        "ask": {
            "Type": "Task",
            "Resource": FRAMEWORK_IS_COMPLETE,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 20, "MaxAttempts": 5, "BackoffRate": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "timeout"}],
        },
        "timeout": {"Type": "Task", "Resource": FRAMEWORK_ON_TIMEOUT},
    },
}
HOPS = {
    "framework-onEvent": [
        ("lambda:InvokeFunction", ON_EVENT),
        ("lambda:GetFunction", ON_EVENT),
        ("states:StartExecution", WAITER),
    ],
    "framework-isComplete": [("lambda:InvokeFunction", IS_COMPLETE), ("lambda:GetFunction", IS_COMPLETE)],
    "framework-onTimeout": [],
    "waiter": [("lambda:InvokeFunction", FRAMEWORK_IS_COMPLETE), ("lambda:InvokeFunction", FRAMEWORK_ON_TIMEOUT)],
}
DONE = "def handler(event, context):\n    return {'IsComplete': True}\n"


class Provider:
    """A provider whose functions' code a test writes, without one permission if it says so."""

    def __init__(
        self, world: World, on_event: str, is_complete: str = "", *, without: tuple[str, str, str] = ("", "", "")
    ) -> None:
        self.world = world
        for name, calls in HOPS.items():
            policies = [allow(*each) for each in calls if (name, *each) != without]
            service = "states.amazonaws.com" if name == "waiter" else "lambda.amazonaws.com"
            if without[:2] == (name, "trust"):
                service = "ec2.amazonaws.com"
            add_role(world, name, allow("logs:*"), *policies, service=service)
        deploy(world, on_event, name="on-event")
        environment = {"USER_ON_EVENT_FUNCTION_ARN": ON_EVENT}
        if is_complete:
            deploy(world, is_complete, name="is-complete")
            environment |= {"USER_IS_COMPLETE_FUNCTION_ARN": IS_COMPLETE, "WAITER_STATE_MACHINE_ARN": WAITER}
            role_arn = f"arn:aws:iam::{ACCOUNT}:role/waiter"
            world.state_machines[WAITER] = StateMachine(arn=WAITER, role_arn=role_arn, definition=DEFINITION)
        for each in ("onEvent", "isComplete", "onTimeout"):
            given = {"runtime": "nodejs22.x", "handler": f"framework.{each}", "environment": environment}
            deploy(world, "", name=f"framework-{each}", **given)

    def send(self, request_type: str = "Create", **more: Any) -> CustomResourceAnswer:
        return self.world.functions.invoke_custom_resource(TOKEN, event(request_type, **more))


def event(request_type: str = "Create", **more: Any) -> dict[str, Any]:
    return {"RequestType": request_type, "RequestId": "request-1", "ResourceProperties": {"A": "1"}, **more}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def returning(value: object) -> str:
    return f"def handler(event, context):\n    return {value!r}\n"


@pytest.mark.parametrize(
    ("result", "request_type", "given", "physical_id"),
    [
        (None, "Create", {}, "request-1"),
        ({"PhysicalResourceId": "mine"}, "Create", {}, "mine"),
        ({"PhysicalResourceId": ""}, "Create", {}, "request-1"),
        ("a text", "Create", {}, "request-1"),
        (None, "Update", {"PhysicalResourceId": "old"}, "old"),
        ({"PhysicalResourceId": "new"}, "Update", {"PhysicalResourceId": "old"}, "new"),
        ([], "Delete", {"PhysicalResourceId": "old"}, "old"),
    ],
)
def test_the_id_is_the_handlers_or_the_one_of_the_event(
    world: World, result: object, request_type: str, given: Mapping[str, Any], physical_id: str
) -> None:
    answer = Provider(world, returning(result)).send(request_type, **given)
    assert (answer.succeeded, answer.physical_id) == (True, physical_id)


def test_a_deletion_cannot_change_the_id(world: World) -> None:
    provider = Provider(world, returning({"PhysicalResourceId": "new"}))
    answer = provider.send("Delete", PhysicalResourceId="old")
    assert (answer.succeeded, answer.physical_id) == (False, "old")
    assert answer.reason == 'DELETE: cannot change the physical resource ID from "old" to "new" during deletion'


def test_a_failed_creation_has_the_handlers_message_and_its_deletion_is_skipped(world: World) -> None:
    provider = Provider(world, "def handler(event, context):\n    raise ValueError('no such key')")
    answer = provider.send()
    assert (answer.succeeded, answer.physical_id) == (False, MARKER)
    assert answer.reason == "no such key"
    calls = len(world.timeline.calls)
    answer = provider.send("Delete", PhysicalResourceId=answer.physical_id)
    assert answer.succeeded
    assert len(world.timeline.calls) == calls


def test_a_failed_update_keeps_the_id(world: World) -> None:
    provider = Provider(world, "def handler(event, context):\n    raise ValueError('no')")
    assert provider.send("Update", PhysicalResourceId="old").physical_id == "old"


def test_the_waiter_asks_until_it_is_complete_on_the_clock_of_the_play(world: World) -> None:
    on_event = returning({"PhysicalResourceId": "mine", "Data": {"First": 1, "Both": 1}, "More": "kept"})
    is_complete = """
        events = []

        def handler(event, context):
            events.append(event)
            if len(events) < 4:
                return {"IsComplete": False, "Data": {}}
            return {"IsComplete": True, "Data": {"Both": 2, "Seen": events[0] == events[-1], "More": event["More"]}}
    """
    answer = Provider(world, on_event, is_complete).send()
    assert (answer.succeeded, answer.physical_id) == (True, "mine")
    assert answer.data == {"First": 1, "Both": 2, "Seen": True, "More": "kept"}
    assert 60 <= (world.clock() - BEGIN).total_seconds() < 62


@pytest.mark.parametrize("data", [None, [], "a"])
def test_data_that_is_no_object_counts_as_no_data(world: World, data: object) -> None:
    answer = Provider(world, returning({"Data": data}), DONE).send()
    assert (answer.succeeded, answer.data) == (True, {})


def test_data_is_refused_while_it_is_not_complete(world: World) -> None:
    answer = Provider(world, returning(None), returning({"IsComplete": False, "Data": {"A": 1}})).send()
    assert (answer.succeeded, answer.physical_id) == (False, "request-1")
    assert answer.reason == '"Data" is not allowed if "IsComplete" is "False"'


def test_nothing_from_is_complete_is_a_failure_and_no_endless_wait(world: World) -> None:
    answer = Provider(world, returning(None), returning(None)).send()
    assert not answer.succeeded
    assert "is_complete returned nothing" in answer.reason
    assert (world.clock() - BEGIN).total_seconds() < 20


def test_it_times_out_after_the_attempts_of_the_waiter(world: World) -> None:
    answer = Provider(world, returning({"PhysicalResourceId": "mine"}), returning({"IsComplete": False})).send()
    assert (answer.succeeded, answer.physical_id, answer.reason) == (False, "mine", "Operation timed out")
    assert 100 <= (world.clock() - BEGIN).total_seconds() < 102
    asked = [each.request.resource for each in world.timeline.calls if each.request.action == "lambda:InvokeFunction"]
    assert asked.count(IS_COMPLETE) == 6
    assert asked[-1] == FRAMEWORK_ON_TIMEOUT


@pytest.mark.parametrize(
    "without",
    [
        *((role, *each) for role, calls in HOPS.items() for each in calls),
        *((role, "trust", "") for role in HOPS),
    ],
    ids="-".join,
)
def test_a_missing_permission_of_each_hop_is_noticed(world: World, without: tuple[str, str, str]) -> None:
    is_complete = returning({"IsComplete": False}) if "onTimeout" in "".join(without) else DONE
    answer = Provider(world, returning({"PhysicalResourceId": "mine"}), is_complete, without=without).send()
    assert not answer.succeeded
    action = "sts:AssumeRole" if without[1] == "trust" else without[1]
    assert f"is not authorized to perform: {action} on resource" in answer.reason
    (denied,) = world.timeline.denied
    assert denied.request.action == action


def test_a_waiter_that_cannot_start_leaves_the_id_of_the_event(world: World) -> None:
    without = ("framework-onEvent", "states:StartExecution", WAITER)
    provider = Provider(world, returning({"PhysicalResourceId": "new"}), DONE, without=without)
    assert provider.send().physical_id == MARKER
    assert provider.send("Update", PhysicalResourceId="old").physical_id == "old"


def test_a_missing_state_machine_and_functions_of_the_templates_are_named(world: World) -> None:
    provider = Provider(world, returning(None), DONE)
    world.functions.remove(FRAMEWORK_IS_COMPLETE)
    assert f"there is no function {FRAMEWORK_IS_COMPLETE}" in provider.send().reason
    world.state_machines.clear()
    assert f"there is no state machine {WAITER}" in provider.send().reason
    with pytest.raises(NotRunnableFunctionError, match="is no function of the templates"):
        world.functions.invoke_custom_resource(function_arn("nothing"), event())


def test_an_on_event_function_that_is_not_run_here_is_no_failure(world: World) -> None:
    provider = Provider(world, "")
    deploy(world, "", name="on-event", runtime="nodejs22.x")
    with pytest.raises(NotRunnableFunctionError, match="its runtime is nodejs22"):
        provider.send()


@pytest.fixture(scope="module")
def framework(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset of the framework that the installed aws-cdk-lib synthesizes."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = cdk.Stack(app, "Stack")
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function = lambda_.Function(stack, "F", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handler", code=code)
    cr.Provider(stack, "Provider", on_event_handler=function)
    folder = Path(app.synth().directory)
    files = json.loads((folder / "Stack.assets.json").read_text(encoding="utf-8"))["files"]
    sources = [folder / each["source"]["path"] for each in files.values()]
    (found,) = [each for each in sources if (each / "framework.js").is_file()]
    return found


def test_the_framework_of_the_installed_cdk_is_the_one_whose_rules_are_written_down(framework: Path) -> None:
    assert framework_is_known(framework)


def test_a_framework_in_a_zip_is_known_too_and_another_one_is_not(framework: Path, tmp_path: Path) -> None:
    package = tmp_path / "framework.zip"
    with zipfile.ZipFile(package, "w") as file:
        file.write(framework / "framework.js", "framework.js")
    assert framework_is_known(package)
    (tmp_path / "framework.js").write_text("other", encoding="utf-8")
    (tmp_path / "no.zip").write_text("other", encoding="utf-8")
    assert not any(framework_is_known(each) for each in (tmp_path, tmp_path / "no.zip", tmp_path / "nothing", None))


def test_an_unknown_framework_is_named_once_and_played_by_the_known_rules(world: World, framework: Path) -> None:
    provider = Provider(world, returning(None))
    assert provider.send().succeeded
    assert provider.send().succeeded
    (sentence,) = world.functions.not_run
    assert "framework-onEvent: its provider framework is of another version of the CDK" in sentence
    world.functions.not_run.clear()
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/framework-onEvent"
    known = DeployedFunction(
        arn=TOKEN,
        name="framework-onEvent",
        role_arn=role_arn,
        handler="framework.onEvent",
        code=framework,
        environment={"USER_ON_EVENT_FUNCTION_ARN": ON_EVENT},
        log_group_name="log",
    )
    world.functions.deploy(known)
    assert provider.send().succeeded
    assert world.functions.not_run == []


PLAIN = """
import json, urllib.request

def handler(event, context):
    answer = event["ResourceProperties"]["Answer"]
    if answer is not None:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"content-type": ""})
        urllib.request.urlopen(request)
    if event["ResourceProperties"].get("Raise"):
        raise ValueError("after all")
"""


def plain(world: World, answer: object, **more: Any) -> CustomResourceAnswer:
    function = deploy(world, PLAIN, name="plain")
    properties = {"Answer": answer, **more}
    return world.functions.invoke_custom_resource(function.arn, event(ResourceProperties=properties))


def test_a_plain_function_answers_over_the_response_url(world: World) -> None:
    answer = plain(world, {"Status": "SUCCESS", "PhysicalResourceId": "mine", "Data": {"A": 1}})
    assert (answer.succeeded, answer.physical_id, answer.data) == (True, "mine", {"A": 1})
    answer = plain(world, {"Status": "FAILED", "Reason": "no such thing", "Data": None})
    assert (answer.succeeded, answer.physical_id, answer.reason) == (False, "request-1", "no such thing")


def test_an_answer_counts_whatever_happens_after_it(world: World) -> None:
    assert plain(world, {"Status": "SUCCESS"}, Raise=True).succeeded


@pytest.mark.parametrize("answer", [None, "no JSON", json.dumps(["a list"])])
def test_a_plain_function_without_a_valid_answer_fails_the_resource(world: World, answer: object) -> None:
    found = plain(world, answer)
    assert (found.succeeded, found.physical_id) == (False, "request-1")
    assert found.reason.startswith("CloudFormation did not receive a response from your Custom Resource")


def test_what_a_plain_function_raises_is_the_reason(world: World) -> None:
    assert plain(world, None, Raise=True).reason.endswith(": ValueError: after all")


def test_lambda_must_be_able_to_run_a_plain_function(world: World) -> None:
    function = deploy(world, PLAIN, name="plain")
    world.iam.remove_role(function.role_arn)
    answer = world.functions.invoke_custom_resource(function.arn, event())
    assert not answer.succeeded
    assert "sts:AssumeRole" in answer.reason
