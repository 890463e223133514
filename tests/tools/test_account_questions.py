"""Each experiment with each of its answers, and what it leaves behind: nothing, whatever happens."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_lambda as lambda_

from cdk_penstock.foundation import handler_construct
from tests.tools.fake_account import FakeAccount
from tools.account_questions.account import TAG
from tools.account_questions.cleanup import Cleanup
from tools.account_questions.experiments import EXPERIMENTS
from tools.account_questions.experiments.lambda_sdk import RUNTIME
from tools.account_questions.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.account_questions.experiment import Experiment
    from tools.account_questions.runner import Outcome

BY_NAME = {each.name: each for each in EXPERIMENTS}
TARGETS = {"stack": "Prod-Ingestion", "application": "vehicles", "cluster": "fleet"}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"
HALF = "Fn::GetStackOutput"


def change(replacement: str | None, name: str = "Kafka") -> dict[str, Any]:
    resource = {"LogicalResourceId": name, "ResourceType": "AWS::MSK::Cluster"}
    return {"ResourceChange": resource | ({"Replacement": replacement} if replacement else {})}


def changes(*pages: list[dict[str, Any]], status: str = "CREATE_COMPLETE") -> list[dict[str, Any]]:
    last = len(pages) - 1
    return [
        {"Status": status, "Changes": page} | ({"NextToken": str(index + 1)} if index < last else {})
        for index, page in enumerate(pages)
    ]


def deployed(fake: FakeAccount, **stack: Any) -> None:
    fake.formation.stacks["Prod-Ingestion"] = {
        "StackName": "Prod-Ingestion",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": fake.world.time,
        "Parameters": [{"ParameterKey": "BootstrapVersion", "ParameterValue": "/v"}],
        "Tags": [{"Key": "team", "Value": "fleet"}],
        **stack,
    }


def planned(fake: FakeAccount, *pages: list[dict[str, Any]], status: str = "CREATE_COMPLETE") -> None:
    deployed(fake)
    fake.formation.pages = changes(*pages, status=status)


def split(fake: FakeAccount, second: tuple[str, str], first: tuple[str, str] = ("CREATE_COMPLETE", "x")) -> None:
    fake.formation.outcome = lambda template: second if HALF in str(template) else first


def function(fake: FakeAccount, *, keys: bool = True, failed: bool = False) -> None:
    fake.functions.answer = {"botocore": "1.40.4", "keys": keys}
    fake.functions.failed = failed


def rolled_back(fake: FakeAccount, status: str, reason: str | None = "main.py raised") -> None:
    deployed(fake, StackStatus=status)
    fake.flink.ended("UpdateApplication", reason, rolled_back=True)


def in_vpc(fake: FakeAccount, status: str = "RUNNING", reason: str | None = None, key: str = "ec2:Subnet") -> None:
    vpc = {"VpcConfigurationId": "1", "VpcId": "vpc-1", "SubnetIds": ["a", "b"], "SecurityGroupIds": ["g"]}
    fake.flink.configuration = {"VpcConfigurationDescriptions": [vpc]}
    fake.iam.policies = {"Log": {}, "Network": {"Statement": [{"Condition": {"ArnEquals": {key: "s"}}}]}}
    fake.flink.status = status
    if status != "RUNNING":
        fake.flink.ended("StartApplication", reason)


def under_key(fake: FakeAccount, *, snapshots: int = 2, kind: str = "CUSTOMER_MANAGED_KEY") -> None:
    encryption = {"KeyType": kind} | ({"KeyId": KEY} if kind == "CUSTOMER_MANAGED_KEY" else {})
    fake.flink.configuration = {"ApplicationEncryptionConfigurationDescription": encryption}
    common = {"SnapshotStatus": "READY", "ApplicationVersionId": 1}
    fake.flink.snapshots = [{"SnapshotName": "old", **common}] + [
        {"SnapshotName": f"s{number}", "ApplicationEncryptionConfigurationDescription": encryption, **common}
        for number in range(snapshots)
    ]


def key_refused(fake: FakeAccount) -> None:
    under_key(fake, kind="AWS_OWNED_KEY")
    fake.flink.status = "READY"
    fake.flink.ended("UpdateApplication", "KMS refused")


def key_stopped(fake: FakeAccount) -> None:
    under_key(fake)
    fake.flink.status = "READY"


def named_as(fake: FakeAccount, ending: str) -> None:
    fake.keys.ending = ending


def sized(fake: FakeAccount, *values: float) -> None:
    parallelism = {"ConfigurationType": "CUSTOM", "CurrentParallelism": 9, "ParallelismPerKPU": 4}
    fake.flink.configuration = {
        "FlinkApplicationConfigurationDescription": {"ParallelismConfigurationDescription": parallelism}
    }
    fake.cloudwatch.values["KPUs"] = list(values)


def used(fake: FakeAccount, received: float, records: float) -> None:
    fake.cloudwatch.values = {"BytesInPerSec": [received], "MessagesInPerSec": [records]}
    fake.cloudwatch.dimensions = [["Cluster Name", "Broker ID"], ["Cluster Name"], ["Cluster Name", "Broker ID"]]


CASES: list[tuple[str, Callable[[FakeAccount], None], str, str]] = [
    ("split-of-stack-output", lambda f: split(f, ("CREATE_COMPLETE", "right")), "accepted", "it gave 'right'"),
    ("split-of-stack-output", lambda f: split(f, ("CREATE_COMPLETE", "left")), "refused", "gave 'left', expected"),
    ("split-of-stack-output", lambda f: split(f, ("ROLLBACK_COMPLETE", "no such")), "refused", "ROLLBACK.*no such"),
    ("split-of-stack-output", lambda f: split(f, ("REFUSED", "not allowed in Split")), "refused", "not allowed"),
    (
        "split-of-stack-output",
        lambda f: split(f, ("CREATE_COMPLETE", "right"), first=("ROLLBACK_COMPLETE", "quota")),
        "failed",
        "the stack without the function is ROLLBACK_COMPLETE: quota",
    ),
    ("change-set-replacement", lambda f: planned(f, [change("False"), change(None)]), "in place", "none of 2"),
    (
        "change-set-replacement",
        lambda f: planned(f, [change("False")], [change("Conditional", "Group"), change("True")]),
        "replacement",
        r"of 3 changes these replace: Group \(AWS::MSK::Cluster: Conditional\), Kafka",
    ),
    ("change-set-replacement", lambda f: planned(f, []), "failed", "no change, although a tag was added"),
    ("change-set-replacement", lambda f: planned(f, [], status="FAILED"), "failed", "there is no plan"),
    ("change-set-replacement", lambda f: planned(f, [], status="CREATE_PENDING"), "failed", "waited 300 seconds"),
    ("lambda-sdk", function, "supported", "python3.14 has botocore 1.40.4"),
    ("lambda-sdk", lambda f: function(f, keys=False), "not supported", "botocore 1.40.4"),
    ("lambda-sdk", lambda f: function(f, failed=True), "failed", "the function failed"),
    ("rolled-back-update", lambda f: rolled_back(f, "UPDATE_COMPLETE"), "stack succeeded", "main.py raised.*version 7"),
    ("rolled-back-update", lambda f: rolled_back(f, "UPDATE_ROLLBACK_COMPLETE"), "stack failed", "rolled back"),
    ("rolled-back-update", lambda f: rolled_back(f, "UPDATE_IN_PROGRESS"), "failed", "when the deployment has ended"),
    ("rolled-back-update", lambda f: rolled_back(f, "UPDATE_COMPLETE", None), "failed", "has not failed: deploy code"),
    ("rolled-back-update", deployed, "failed", "has not failed: deploy code"),
    ("network-permissions", in_vpc, "enough", "runs in 2 subnets"),
    ("network-permissions", lambda f: in_vpc(f, "READY", "ec2:CreateNetworkInterface denied"), "not enough", "denied"),
    ("network-permissions", lambda f: in_vpc(f, "READY", "main.py raised"), "failed", "another reason: main.py"),
    ("network-permissions", lambda f: in_vpc(f, "READY"), "failed", "start it and ask again"),
    ("network-permissions", lambda f: in_vpc(f, key="aws:x"), "failed", "not limited to subnets"),
    ("network-permissions", lambda _: None, "failed", "not in a VPC"),
    ("key-sequence", under_key, "yes", "with 2 snapshots under that key"),
    ("key-sequence", key_refused, "no", "UpdateApplication failed: KMS refused"),
    ("key-sequence", lambda f: under_key(f, kind="AWS_OWNED_KEY"), "failed", r"deploy it with \[encryption\]"),
    ("key-sequence", lambda f: under_key(f, snapshots=0), "failed", "no snapshot under its key"),
    ("key-sequence", key_stopped, "failed", "the application is READY: start it"),
    ("via-service", lambda f: named_as(f, "amazonaws.com"), "amazonaws.com", "used the key through ssm.eu-central-1"),
    ("via-service", lambda f: named_as(f, "amazonaws.com.cn"), "amazonaws.com.cn", "amazonaws.com.cn only"),
    ("via-service", lambda f: named_as(f, "example.org"), "failed", "with neither ending"),
    ("kpu-metric", lambda f: sized(f, 2, 4), "yes", "the metric is 4, and 3 KPUs run tasks"),
    ("kpu-metric", lambda f: sized(f, 3), "no", "the metric is 3"),
    ("kpu-metric", lambda f: sized(f, 9), "failed", "ask again two hours after"),
    ("kpu-metric", sized, "failed", "no value of the last three hours"),
    ("stored-bytes", lambda f: used(f, 150_000, 5_000), "measured", "30.0 bytes a record, 10,000 records a second"),
    ("stored-bytes", lambda f: used(f, 0, 0), "failed", "no records came in"),
]


def ask(fake: FakeAccount, name: str, **targets: str) -> Outcome:
    return run(BY_NAME[name](), fake.account(**(targets or TARGETS)), confirm=lambda _: True)


@pytest.mark.parametrize(("name", "prepare", "answer", "seen"), CASES)
def test_an_experiment_finds_what_is_so_and_leaves_nothing(
    name: str, prepare: Callable[[FakeAccount], None], answer: str, seen: str
) -> None:
    fake = FakeAccount()
    prepare(fake)
    outcome = ask(fake, name)
    assert (outcome.answer or outcome.status) == answer
    assert re.search(seen, outcome.seen), outcome.seen
    assert outcome.switches == (BY_NAME[name].answers[answer] if outcome.answer else None)
    assert (fake.things, outcome.left) == (set(), ())
    assert all(tags[TAG] == name for _, _, tags in fake.made)
    assert all("account-question-test" in thing for kind, thing, _ in fake.made if kind != "key")


def test_every_answer_of_every_experiment_is_found_by_a_test() -> None:
    tried = {(name, answer) for name, _, answer, _ in CASES}
    assert {(each.name, answer) for each in EXPERIMENTS for answer in each.answers} <= tried


def happy(name: str) -> FakeAccount:
    fake = FakeAccount()
    next(prepare for each, prepare, _, _ in CASES if each == name)(fake)
    return fake


MAKERS = [each.name for each in EXPERIMENTS if each.makes]


@pytest.mark.parametrize("name", MAKERS)
def test_interrupted_at_any_call_an_experiment_leaves_nothing(name: str) -> None:
    whole = happy(name)
    ask(whole, name)
    assert whole.made
    for number in range(len(whole.world.calls)):
        fake = happy(name)

        def interrupt(*_: Any, fake: FakeAccount = fake, number: int = number) -> None:
            if len(fake.world.calls) == number:
                # As the terminal does it: where the experiment is just making something, it is put off.
                fake.world.on_call = None
                signal.raise_signal(signal.SIGINT)

        fake.world.on_call = interrupt
        with pytest.raises(KeyboardInterrupt) as interruption:
            ask(fake, name)
        assert (fake.things, interruption.value.args) == (set(), ()), number


@pytest.mark.parametrize("name", MAKERS)
def test_failing_at_any_call_an_experiment_leaves_nothing_that_it_does_not_name(name: str) -> None:
    whole = happy(name)
    ask(whole, name)
    for number, (operation, _) in enumerate(whole.world.calls):
        fake = happy(name)

        def fail(*_: Any, fake: FakeAccount = fake, number: int = number, operation: str = operation) -> None:
            if len(fake.world.calls) == number:
                fake.denied(operation)

        fake.world.on_call = fail
        outcome = ask(fake, name)
        assert len(outcome.left) >= len(fake.things), (operation, outcome.left)


def test_what_cannot_be_deleted_is_named_and_the_rest_is_deleted() -> None:
    fake = happy("lambda-sdk")
    fake.denied("DeleteFunction")
    outcome = ask(fake, "lambda-sdk")
    assert outcome.answer == "supported"
    assert fake.things == {("function", "account-question-test")}
    assert len(outcome.left) == 1
    assert "function account-question-test (An error occurred (AccessDeniedException)" in outcome.left[0]


def test_what_is_gone_already_is_not_left() -> None:
    fake = happy("lambda-sdk")
    with Cleanup() as cleanup:
        cleanup.make("nothing", lambda: None, undo=lambda _: fake.take("role", "gone"))
    assert cleanup.left == []


def test_an_interruption_during_the_deletion_waits_for_its_end() -> None:
    gone: list[str] = []

    def undo(name: str) -> None:
        signal.raise_signal(signal.SIGTERM)
        gone.append(name)

    with pytest.raises(KeyboardInterrupt), Cleanup() as cleanup:
        for name in ("first", "second"):
            cleanup.make(name, lambda name=name: name, undo=undo)  # type: ignore[misc]
    assert gone == ["second", "first"]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.name)
def test_without_what_it_needs_an_experiment_calls_nothing(experiment: type[Experiment]) -> None:
    if not experiment.needs:
        return
    fake = FakeAccount()
    outcome = run(experiment(), fake.account(), confirm=lambda _: True)
    assert outcome.status == "skipped"
    assert all(f"--{name} NAME" in outcome.seen for name in experiment.needs)
    assert fake.world.calls == []


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_made_unless_somebody_agrees(name: str) -> None:
    fake = happy(name)
    asked: list[str] = []
    outcome = run(BY_NAME[name](), fake.account(**TARGETS), confirm=lambda text: bool(asked.append(text)))
    assert (outcome.status, fake.world.calls) == ("skipped", [])
    assert asked == [f"{name} creates {BY_NAME[name].makes}; cost: {BY_NAME[name].cost}"]


@pytest.mark.parametrize("name", [each.name for each in EXPERIMENTS if not each.makes])
def test_an_experiment_that_makes_nothing_only_reads(name: str) -> None:
    fake = happy(name)
    ask(fake, name)
    assert fake.world.calls
    assert all(operation.startswith(("Describe", "Get", "List")) for operation, _ in fake.world.calls)


def test_the_change_set_keeps_what_the_stack_has() -> None:
    fake = happy("change-set-replacement")
    ask(fake, "change-set-replacement")
    (request,) = fake.world.named("CreateChangeSet")
    assert request["Parameters"] == [{"ParameterKey": "BootstrapVersion", "UsePreviousValue": True}]
    assert {"Key": "team", "Value": "fleet"} in request["Tags"]
    assert not fake.world.named("ExecuteChangeSet")


def test_the_runtime_is_that_of_the_librarys_own_functions() -> None:
    name = "PYTHON_" + RUNTIME.removeprefix("python").replace(".", "_")
    assert getattr(lambda_.Runtime, name).name == RUNTIME
    source = Path(handler_construct.__file__).read_text(encoding="utf-8")
    assert f"lambda_.Runtime.{name}" in source
