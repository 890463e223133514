"""An account for experiments: what they make exists until they take it away; botocore's models check each call."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from tests.control.fake_aws import ACCOUNT, REGION, Client, World, error, refuse
from tools.account_questions.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FakeCloudFormation:
    """Stacks that are made at once, and change sets; ``outcome`` decides what becomes of a template."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.stacks: dict[str, dict[str, Any]] = {}
        self.outcome: Callable[[dict[str, Any]], tuple[str, str]] = lambda _: ("CREATE_COMPLETE", "right")
        self.pages: list[dict[str, Any]] = []

    def create_stack(self, **request: Any) -> dict[str, Any]:
        name = request["StackName"]
        status, value = self.outcome(json.loads(request["TemplateBody"]))
        if status == "REFUSED":
            refuse("ValidationError", value)
        self._account.make("stack", name, {each["Key"]: each["Value"] for each in request["Tags"]})
        self.stacks[name] = {
            "StackName": name,
            "StackStatus": "CREATE_IN_PROGRESS",
            "CreationTime": self._account.world.time,
            "Outputs": [{"OutputKey": "Value", "OutputValue": value}],
            "after": status,
            "reason": value,
        }
        return {"StackId": name}

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        stack = self.stacks.get(request["StackName"])
        if stack is None:
            refuse("ValidationError", f"Stack with id {request['StackName']} does not exist")
        shown = {key: value for key, value in stack.items() if key not in {"after", "reason"}}
        if stack["StackStatus"] == "DELETE_IN_PROGRESS":
            del self.stacks[request["StackName"]]
            self._account.take("stack", request["StackName"])
        else:
            stack["StackStatus"] = stack.get("after", stack["StackStatus"])
        return {"Stacks": [shown]}

    def describe_stack_events(self, **request: Any) -> dict[str, Any]:
        common = {"StackId": "s", "StackName": request["StackName"], "Timestamp": self._account.world.time}
        reason = self.stacks[request["StackName"]]["reason"]
        failed = {"EventId": "2", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": reason}
        return {"StackEvents": [{**common, "EventId": "3"}, {**common, **failed}]}

    def delete_stack(self, **request: Any) -> None:
        if request["StackName"] in self.stacks:
            self.stacks[request["StackName"]]["StackStatus"] = "DELETE_IN_PROGRESS"

    def create_change_set(self, **request: Any) -> dict[str, Any]:
        assert request["UsePreviousTemplate"]
        self._account.make(
            "change set", request["ChangeSetName"], {each["Key"]: each["Value"] for each in request["Tags"]}
        )
        return {"Id": "arn"}

    def describe_change_set(self, **request: Any) -> dict[str, Any]:
        return self.pages[int(request.get("NextToken", 0))]

    def delete_change_set(self, **request: Any) -> None:
        self._account.take("change set", request["ChangeSetName"])


class FakeIam:
    """Roles, with the inline policies that a test gives them."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.policies: dict[str, Any] = {}

    def create_role(self, **request: Any) -> dict[str, Any]:
        name = request["RoleName"]
        self._account.make("role", name, {each["Key"]: each["Value"] for each in request["Tags"]})
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        return {"Role": {"Path": "/", "RoleName": name, "RoleId": "AROA" + "A" * 16, "Arn": arn, "CreateDate": 0}}

    def delete_role(self, **request: Any) -> None:
        self._account.take("role", request["RoleName"])

    def list_role_policies(self, **request: Any) -> dict[str, Any]:
        names = list(self.policies)
        if "Marker" not in request:
            return {"PolicyNames": names[:1], "IsTruncated": True, "Marker": "next"}
        return {"PolicyNames": names[1:], "IsTruncated": False}

    def get_role_policy(self, **request: Any) -> dict[str, Any]:
        return {**request, "PolicyDocument": json.dumps(self.policies[request["PolicyName"]])}


class FakeLambda:
    """One function, whose answer a test chooses; a role is not seen at first."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.unseen = 1
        self.states = ["Pending", "Active"]
        self.answer: dict[str, Any] = {"botocore": "1.42.0", "keys": True}
        self.failed = False

    def create_function(self, **request: Any) -> dict[str, Any]:
        if self.unseen:
            self.unseen -= 1
            refuse("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
        self._account.make("function", request["FunctionName"], request["Tags"])
        return {"FunctionName": request["FunctionName"]}

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {"State": self.states.pop(0) if len(self.states) > 1 else self.states[0]}

    def invoke(self, **_: Any) -> dict[str, Any]:
        failure = {"FunctionError": "Unhandled"} if self.failed else {}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(self.answer).encode()), **failure}

    def delete_function(self, **request: Any) -> None:
        self._account.take("function", request["FunctionName"])


class FakeKeys:
    """KMS and Systems Manager: a parameter is put if the key's policy names the service as this partition does."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.ending = "amazonaws.com"
        self._policy = ""

    def create_key(self, **request: Any) -> dict[str, Any]:
        self._policy = request["Policy"]
        self._account.make("key", "k", {each["TagKey"]: each["TagValue"] for each in request["Tags"]})
        return {"KeyMetadata": {"KeyId": "k"}}

    def put_key_policy(self, **request: Any) -> None:
        self._policy = request["Policy"]

    def schedule_key_deletion(self, **request: Any) -> dict[str, Any]:
        self._account.take("key", request["KeyId"])
        return {}

    def put_parameter(self, **request: Any) -> dict[str, Any]:
        if f'"ssm.{REGION}.{self.ending}"' not in self._policy:
            refuse("InvalidKeyId", "The ciphertext refers to a key that may not be used")
        self._account.make("parameter", request["Name"], {each["Key"]: each["Value"] for each in request["Tags"]})
        return {"Version": 1, "Tier": "Standard"}

    def delete_parameter(self, **request: Any) -> None:
        self._account.take("parameter", request["Name"])


class FakeFlink:
    """An application with its operations and snapshots, as a test sets them."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.status = "RUNNING"
        self.configuration: dict[str, Any] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.snapshots: list[dict[str, Any]] = []

    def describe_application(self, **request: Any) -> dict[str, Any]:
        return {
            "ApplicationDetail": {
                "ApplicationARN": f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/vehicles",
                "ApplicationName": request["ApplicationName"],
                "RuntimeEnvironment": "FLINK-1_20",
                "ApplicationStatus": self.status,
                "ApplicationVersionId": 7,
                "ServiceExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/path/Execution",
                "ApplicationConfigurationDescription": self.configuration,
            }
        }

    def list_application_operations(self, **request: Any) -> dict[str, Any]:
        operation = self.operations.get(request["Operation"])
        kept = ("Operation", "StartTime", "EndTime", "OperationStatus")
        infos = [{"OperationId": request["Operation"], **{key: operation[key] for key in kept}}] if operation else []
        return {"ApplicationOperationInfoList": infos}

    def describe_application_operation(self, **request: Any) -> dict[str, Any]:
        return {"ApplicationOperationInfoDetails": self.operations[request["OperationId"]]}

    def list_application_snapshots(self, **request: Any) -> dict[str, Any]:
        if "NextToken" not in request:
            return {"SnapshotSummaries": self.snapshots[:1], "NextToken": "next"}
        return {"SnapshotSummaries": self.snapshots[1:]}

    def ended(self, operation: str, reason: str | None = None, *, rolled_back: bool = False) -> None:
        """Say how the newest operation of a kind ended."""
        time = self._account.world.time
        failure: dict[str, Any] = {"ErrorInfo": {"ErrorString": reason}}
        if rolled_back:
            failure["RollbackOperationId"] = "r"
        self.operations[operation] = {
            "Operation": operation,
            "StartTime": time,
            "EndTime": time,
            "OperationStatus": "SUCCESSFUL" if reason is None else "FAILED",
            **({} if reason is None else {"OperationFailureDetails": failure}),
        }


class FakeCloudWatch:
    """Values of metrics by their name; those of brokers are the same for each."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self.values: dict[str, list[float]] = {}
        self.dimensions: list[list[str]] = [["Cluster Name", "Broker ID"]]

    def list_metrics(self, **request: Any) -> dict[str, Any]:
        metrics = [{"Dimensions": [{"Name": name, "Value": "1"} for name in names]} for names in self.dimensions]
        page = int(request.get("NextToken", 0))
        return {"Metrics": metrics[page : page + 1]} | ({"NextToken": str(page + 1)} if page + 1 < len(metrics) else {})

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        (statistic,) = request["Statistics"]
        points = [
            {"Timestamp": 1000 + index, statistic: value}
            for index, value in enumerate(self.values.get(request["MetricName"], []))
        ]
        return {"Datapoints": points[::-1]}


class FakeAccount:
    """All services, and everything that exists in the account because an experiment made it."""

    def __init__(self) -> None:
        self.world = World()
        self.things: set[tuple[str, str]] = set()
        self.made: list[tuple[str, str, Mapping[str, str]]] = []
        self.formation = FakeCloudFormation(self)
        self.iam = FakeIam(self)
        self.functions = FakeLambda(self)
        self.keys = FakeKeys(self)
        self.flink = FakeFlink(self)
        self.cloudwatch = FakeCloudWatch(self)
        backends = {
            "cloudformation": self.formation,
            "iam": self.iam,
            "lambda": self.functions,
            "kms": self.keys,
            "ssm": self.keys,
            "kinesisanalyticsv2": self.flink,
            "cloudwatch": self.cloudwatch,
        }
        self._clients = {name: Client(name, backend, self.world) for name, backend in backends.items()}

    def account(self, **targets: str) -> Account:
        return Account(
            client=self._clients.__getitem__,
            account_id=ACCOUNT,
            region=REGION,
            partition="aws",
            prefix="account-question-test",
            now=self._seconds,
            sleep=self.world.sleep,
            **targets,
        )

    def _seconds(self) -> float:
        return self.world.time.timestamp()

    def make(self, kind: str, name: str, tags: Mapping[str, str]) -> None:
        self.things.add((kind, name))
        self.made.append((kind, name, tags))

    def take(self, kind: str, name: str) -> None:
        if (kind, name) not in self.things:
            refuse("ResourceNotFoundException", f"there is no {kind} {name}")
        self.things.remove((kind, name))

    def denied(self, operation: str) -> None:
        """Let the next call fail for good."""
        self.world.fail(operation, error("AccessDeniedException", "not authorized", operation))
