"""Stand-ins for AWS clients: every request and every answer is checked against botocore's own service models."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from cdk_penstock.control.clients import Clock
from cdk_penstock.model.policies.key_policy import application_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.policies.documents import PolicyDocument

ACCOUNT = "111122223333"
REGION = "eu-central-1"
APPLICATION = "vehicles"
APPLICATION_ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/{APPLICATION}"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/vehicles-operator"
KEY_1 = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
KEY_2 = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/22222222-2222-2222-2222-222222222222"

COMMON_ERRORS = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalFailure",
    "ThrottlingException",
    "UnauthorizedOperation",
    "ValidationError",
}


def policy_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/penstock/{name}"


class Killed(BaseException):
    """The process died here."""


@cache
def service_model(service: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@cache
def operations_by_method(service: str) -> dict[str, str]:
    """Return the names of a service's operations by boto3's names of their methods."""
    return {xform_name(name): name for name in service_model(service).operation_names}


def error(code: str, message: str, operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def refuse(code: str, message: str) -> NoReturn:
    raise error(code, message)


class World:
    """Time, what was called, and what is to happen at which call."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.errors: dict[str, list[ClientError]] = {}
        self.kill_before: int | None = None
        self.kill_after: int | None = None
        self.on_call: Callable[[str, dict[str, Any]], None] | None = None
        self.lose: dict[int, tuple[Exception, bool]] = {}
        """The calls, by their number, that fail with an error; True: after they were carried out."""

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += timedelta(seconds=seconds)

    def fail(self, operation: str, *errors: ClientError) -> None:
        self.errors.setdefault(operation, []).extend(errors)

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def begin(self, operation: str, request: dict[str, Any]) -> None:
        self.time += timedelta(seconds=1)
        if self.on_call is not None:
            self.on_call(operation, request)
        self.calls.append((operation, request))
        if self.kill_before == len(self.calls):
            raise Killed
        if self.errors.get(operation):
            raise self.errors[operation].pop(0)
        lost = self.lose.get(len(self.calls))
        if lost is not None and not lost[1]:
            raise lost[0]

    def end(self) -> None:
        if self.kill_after == len(self.calls):
            raise Killed
        lost = self.lose.get(len(self.calls))
        if lost is not None:
            raise lost[0]


class Client:
    """A client of one service over a back end whose methods are named as boto3 names them."""

    def __init__(self, service: str, backend: object, world: World) -> None:
        self._model = service_model(service)
        self._backend = backend
        self._world = world
        self._operations = operations_by_method(service)

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = self._operations[method]
        model = self._model.operation_model(operation)

        def call(**request: Any) -> dict[str, Any]:
            check(request, model.input_shape, service=model.service_model.service_name)
            try:
                self._world.begin(operation, request)
                answer = getattr(self._backend, method)(**request) or {}
            except ClientError as raised:
                code = raised.response["Error"]["Code"]
                modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
                # EC2 models none of its errors, and S3 few.
                is_known = code in modelled | COMMON_ERRORS or not modelled
                assert is_known or model.service_model.service_name == "s3", (operation, code)
                self._world.end()
                raise
            self._check_answer(operation, answer)
            self._world.end()
            return answer

        return call

    def _check_answer(self, operation: str, answer: dict[str, Any]) -> None:
        shape = self._model.operation_model(operation).output_shape
        if shape is not None:
            check(answer, shape, service=self._model.service_name)


# Calls of one shape with one value repeat by the thousand, where every interruption of a change is tried.
VALID: set[tuple[str, str, str]] = set()


def check(value: Any, shape: Any, *, service: str) -> None:
    """Raise what boto3 raises for types, members and required ones, and fail for values out of an enum."""
    checked = (service, shape.name, repr(value))
    if checked in VALID:
        return
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    _check_enums(value, shape)
    VALID.add(checked)


def _check_enums(value: Any, shape: Any) -> None:
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, (shape.name, unknown)
        for name, member in value.items():
            _check_enums(member, shape.members[name])
    elif shape.type_name == "list":
        for each in value:
            _check_enums(each, shape.member)
    elif shape.type_name == "string" and getattr(shape, "enum", None):
        assert value in shape.enum, (shape.name, value)


class Denied:
    """A client of a role that may not call some methods."""

    def __init__(self, client: Any, *methods: str) -> None:
        self._client, self._methods = client, methods

    def __getattr__(self, method: str) -> Any:
        if method not in self._methods:
            return getattr(self._client, method)

        def refuse(**_request: Any) -> None:
            raise error("AccessDeniedException", f"is not authorized to perform: kms:{method}")

        return refuse


class FakeKms:
    """Keys with their state, and a count of the material that each has."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.metadata: dict[str, dict[str, Any]] = {arn: self.key(arn) for arn in (KEY_1, KEY_2)}
        self.principals: dict[str, list[str]] = {}
        """The operators in the policy of a key that ``policies`` does not have."""
        self.policies: dict[str, PolicyDocument] = {}
        self.aliases: dict[str, str] = {}
        """Keys by their alias, such as ``alias/flink``."""
        self.automatic: set[str] = set()
        self.rotations: dict[str, list[datetime]] = {}
        self.rotating: dict[str, int] = {}

    @staticmethod
    def key(arn: str) -> dict[str, Any]:
        return {
            "KeyId": arn.rpartition("/")[2],
            "Arn": arn,
            "KeyState": "Enabled",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyManager": "CUSTOMER",
            "MultiRegion": False,
        }

    def material(self, arn: str | None) -> int:
        return len(self.rotations.get(arn or "", []))

    def _known(self, key_id: str) -> str:
        key_id = self.aliases.get(key_id.rpartition(":")[2], key_id)
        for arn in self.metadata:
            if key_id in {arn, arn.rpartition("/")[2]}:
                return arn
        refuse("NotFoundException", f"Key {key_id} does not exist")

    def describe_key(self, KeyId: str) -> dict[str, Any]:  # noqa: N803
        return {"KeyMetadata": self.metadata[self._known(KeyId)]}

    def get_key_policy(self, KeyId: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        if "alias/" in KeyId:
            refuse("InvalidArnException", f"{KeyId} is not valid for this operation")
        policy = self.policies.get(self._known(KeyId)) or application_key_policy(
            application_arn=APPLICATION_ARN,
            account=ACCOUNT,
            region=REGION,
            operators=[KeyPrincipal.role(each) for each in self.principals.get(KeyId, [OPERATOR])],
            administrators=[KeyPrincipal.role(f"arn:aws:iam::{ACCOUNT}:role/key-administrator")],
        )
        return {"Policy": json.dumps(policy.to_json()), "PolicyName": PolicyName}

    def get_key_rotation_status(self, KeyId: str) -> dict[str, Any]:  # noqa: N803
        if self.metadata[KeyId]["KeySpec"] != "SYMMETRIC_DEFAULT":
            refuse("UnsupportedOperationException", "not for this kind of key")
        answer: dict[str, Any] = {"KeyRotationEnabled": KeyId in self.automatic}
        if KeyId in self.rotating:
            self.rotating[KeyId] -= 1
            if self.rotating[KeyId] > 0:
                return answer | {"OnDemandRotationStartDate": self._world.time}
            del self.rotating[KeyId]
            self.rotations.setdefault(KeyId, []).append(self._world.time)
        return answer

    def list_key_rotations(self, KeyId: str, Marker: str = "0") -> dict[str, Any]:  # noqa: N803
        if self.metadata[KeyId]["KeySpec"] != "SYMMETRIC_DEFAULT":
            refuse("UnsupportedOperationException", "not for this kind of key")
        all_of_them = self.rotations.get(KeyId, [])
        index = int(Marker)
        page = [{"KeyId": KeyId, "RotationDate": each, "RotationType": "ON_DEMAND"} for each in all_of_them][index:][:1]
        truncated = index + 1 < len(all_of_them)
        return {"Rotations": page, "Truncated": truncated} | ({"NextMarker": str(index + 1)} if truncated else {})

    def rotate_key_on_demand(self, KeyId: str) -> dict[str, Any]:  # noqa: N803
        if KeyId in self.rotating:
            refuse("ConflictException", "a rotation is in progress")
        self.rotating[KeyId] = 3
        return {"KeyId": KeyId}


class FakeIam:
    """The operator role's inline policies; a change is seen by other services after some seconds."""

    def __init__(self, world: World, *, propagation_seconds: float = 15) -> None:
        self._world = world
        self._propagation = timedelta(seconds=propagation_seconds)
        self.policies: dict[str, str] = {}
        self.attached: dict[str, str] = {}
        self._since: dict[str, datetime] = {}

    def allows(self, key_arn: str) -> bool:
        seen = [
            name for name, text in self.policies.items() if key_arn in text and self._world.time >= self._since[name]
        ]
        return bool(seen)

    def list_role_policies(self, RoleName: str, Marker: str = "0") -> dict[str, Any]:  # noqa: N803
        if RoleName != OPERATOR.rpartition("/")[2]:
            refuse("NoSuchEntity", f"The role with name {RoleName} cannot be found.")
        names, index = sorted(self.policies), int(Marker)
        truncated = index + 2 < len(names)
        page = {"PolicyNames": names[index : index + 2], "IsTruncated": truncated}
        return page | ({"Marker": str(index + 2)} if truncated else {})

    def get_role_policy(self, RoleName: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        if PolicyName not in self.policies:
            refuse("NoSuchEntity", f"The role policy with name {PolicyName} cannot be found.")
        return {"RoleName": RoleName, "PolicyName": PolicyName, "PolicyDocument": self.policies[PolicyName]}

    def list_attached_role_policies(self, RoleName: str, Marker: str = "0") -> dict[str, Any]:  # noqa: N803
        assert RoleName == OPERATOR.rpartition("/")[2]
        names, index = sorted(self.attached), int(Marker)
        page = [{"PolicyName": name, "PolicyArn": policy_arn(name)} for name in names[index : index + 1]]
        truncated = index + 1 < len(names)
        return {"AttachedPolicies": page, "IsTruncated": truncated} | ({"Marker": str(index + 1)} if truncated else {})

    def get_policy(self, PolicyArn: str) -> dict[str, Any]:  # noqa: N803
        return {"Policy": {"Arn": PolicyArn, "DefaultVersionId": "v3"}}

    def get_policy_version(self, PolicyArn: str, VersionId: str) -> dict[str, Any]:  # noqa: N803
        assert VersionId == "v3"
        name = PolicyArn.rpartition("/")[2]
        if name not in self.attached:
            refuse("NoSuchEntity", f"Policy {PolicyArn} was not found.")
        return {"PolicyVersion": {"VersionId": "v3", "Document": self.attached[name]}}

    def put_role_policy(self, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:  # noqa: N803
        assert RoleName == OPERATOR.rpartition("/")[2]
        assert json.loads(PolicyDocument)["Statement"]
        self.policies[PolicyName] = PolicyDocument
        self._since[PolicyName] = self._world.time + self._propagation

    def delete_role_policy(self, RoleName: str, PolicyName: str) -> None:  # noqa: N803
        if self.policies.pop(PolicyName, None) is None:
            refuse("NoSuchEntity", f"The role policy with name {PolicyName} cannot be found on {RoleName}.")


class FakeSts:
    def __init__(self, world: World) -> None:
        self._world = world

    def assume_role(self, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803
        assert RoleSessionName.startswith("penstock-")
        return {
            "Credentials": {
                "AccessKeyId": f"of {RoleArn}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": self._world.time + timedelta(hours=1),
            }
        }


STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Processing/0a1b"


class FakeCloudFormation:
    """One stack, on which CloudFormation is at work."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.created_at = world.time
        self.updated_at: datetime | None = None
        self.status = "CREATE_IN_PROGRESS"
        self.events: list[dict[str, Any]] = []
        """Those of the stack itself, the oldest first; its resources have events, too."""

    def begin(self, status: str = "UPDATE_IN_PROGRESS") -> None:
        """Begin to update the stack, or to put it back."""
        self._world.sleep(60)
        self.status = status
        self.events.append({"PhysicalResourceId": STACK, "ResourceStatus": status, "Timestamp": self._world.time})
        if status == "UPDATE_IN_PROGRESS":
            self.updated_at = self._world.time

    def describe_stack_events(self, StackName: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        assert StackName == STACK
        of_a_resource = {
            "PhysicalResourceId": "arn:of:another:stack",
            "ResourceStatus": "UPDATE_IN_PROGRESS",
            "Timestamp": self._world.time,
        }
        newest_first = [of_a_resource, *reversed(self.events)]
        index = int(NextToken)
        common = {"StackId": STACK, "StackName": "Processing", "EventId": str(index)}
        page = {"StackEvents": [common | newest_first[index]]}
        return page | ({"NextToken": str(index + 1)} if index + 1 < len(newest_first) else {})

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == STACK
        stack = {"StackName": "Processing", "CreationTime": self.created_at, "StackStatus": self.status}
        return {"Stacks": [stack | ({"LastUpdatedTime": self.updated_at} if self.updated_at else {})]}


class FakeEc2:
    """Network interfaces that go away one by one as they are looked at."""

    def __init__(self) -> None:
        self.interfaces: list[str] = []
        self.going = True

    def describe_network_interfaces(self, Filters: list[dict[str, Any]], NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        assert {each["Name"] for each in Filters} == {"subnet-id", "group-id"}
        index = int(NextToken)
        page = {"NetworkInterfaces": [{"NetworkInterfaceId": each} for each in self.interfaces[index : index + 1]]}
        if index + 1 < len(self.interfaces):
            return page | {"NextToken": str(index + 1)}
        if self.going and self.interfaces:
            self.interfaces.pop()
        return page
