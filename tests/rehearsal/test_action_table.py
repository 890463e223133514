"""The permissions of calls, and the laws of the protocols: botocore reads what is written, and writes what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.rehearsal.world.gateway.action_table import SERVICES, TABLE, needed_permissions
from cdk_penstock.rehearsal.world.gateway.query_parameters import read_query
from cdk_penstock.rehearsal.world.gateway.service_protocols import protocol_of
from cdk_penstock.rehearsal.world.iam_roles import Iam
from cdk_penstock.rehearsal.world.service_answers import CallScope
from cdk_penstock.rehearsal.world.world import World
from tests.rehearsal.provider_bench import ACCOUNT, REGION

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = CallScope(account=ACCOUNT, region=REGION)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"
WHOLE = "arn:aws:lambda:eu-central-1:111122223333:function:f"
SESSION = botocore.session.get_session()
MODELS = {name: SESSION.get_service_model(name) for name in ("iam", "cloudformation", "ec2", "kms", "kafka")}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "resources"),
    [
        ("kms", "DescribeKey", {"KeyId": "1"}, (KEY,)),
        ("kms", "DescribeKey", {"KeyId": KEY}, (KEY,)),
        ("kms", "DescribeKey", {"KeyId": "alias/a"}, (KEY,)),
        ("kms", "DescribeKey", {"KeyId": ALIAS}, (KEY,)),
        ("kms", "CreateAlias", {"AliasName": "alias/b", "TargetKeyId": "1"}, (ALIAS.replace("/a", "/b"), KEY)),
        ("kms", "DeleteAlias", {"AliasName": "alias/a"}, (ALIAS, KEY)),
        ("kms", "UpdateAlias", {"AliasName": "alias/a", "TargetKeyId": "2"}, (ALIAS, KEY, KEY[:-1] + "2")),
        ("kms", "ListKeys", {}, ("*",)),
        ("iam", "GetRole", {"RoleName": "r"}, (f"arn:aws:iam::{ACCOUNT}:role/r",)),
        ("logs", "GetLogEvents", {"logGroupName": "g", "logStreamName": "s"},
         (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:s",)),
        ("lambda", "GetFunction", {"FunctionName": "f"}, (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",)),
        ("lambda", "GetFunction", {"FunctionName": WHOLE}, (WHOLE,)),
        ("cloudformation", "DescribeStacks", {}, ("*",)),
        ("cloudformation", "DescribeStacks", {"StackName": "A"},
         (f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/A/*",)),
        ("kms", "Unknown", {}, ()),
        ("dynamodb", "GetItem", {}, ()),
    ],
)  # fmt: skip
def test_a_call_needs_its_action_on_its_resources(
    world: World, service: str, operation: str, parameters: dict[str, Any], resources: tuple[str, ...]
) -> None:
    world.kms.keys.aliases[ALIAS] = KEY
    needed = needed_permissions(world, service, operation, parameters, SCOPE)
    assert tuple(each.resource for each in needed) == resources
    assert {each.action for each in needed} <= {f"{service}:{operation}"}
    assert all(each.context["aws:RequestedRegion"] == REGION for each in needed)


def test_a_key_that_is_named_by_an_alias_has_it_as_a_condition_key(world: World) -> None:
    for key_id in ("alias/a", ALIAS):
        (needed,) = needed_permissions(world, "kms", "DescribeKey", {"KeyId": key_id}, SCOPE)
        assert needed.context["kms:RequestAlias"] == "alias/a"


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_has_only_operations_that_boto3_has(service: str) -> None:
    model = SESSION.get_service_model(service)
    assert set(TABLE[service]) <= set(model.operation_names)


def test_functions_with_the_managed_policies_of_lambda_may_write_their_logs() -> None:
    managed = Iam().managed
    for name, allows_network in (("AWSLambdaBasicExecutionRole", False), ("AWSLambdaVPCAccessExecutionRole", True)):
        (statement,) = managed[f"arn:aws:iam::aws:policy/service-role/{name}"].document.statements
        assert {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"} <= set(statement.actions)
        assert ("ec2:CreateNetworkInterface" in statement.actions) is allows_network
        assert not any("*" in action for action in statement.actions)


def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape without empty lists, maps and structures, which these protocols do not tell from none."""
    match shape.type_name:
        case "structure":
            members = {name: values(each, depth + 1) for name, each in shape.members.items() if is_plain(each, depth)}
            few = st.sets(st.sampled_from(sorted(members)), min_size=1, max_size=4) if members else st.just(set())
            return few.flatmap(lambda names: st.fixed_dictionaries({name: members[name] for name in sorted(names)}))
        case "list":
            return st.lists(values(shape.member, depth + 1), min_size=1, max_size=3)
        case "map":
            return st.dictionaries(values(shape.key), values(shape.value, depth + 1), min_size=1, max_size=3)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(-(1 << 31), 1 << 31)
        case "float" | "double":
            return st.floats(allow_nan=False, allow_infinity=False)
        case _:
            return st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8).map(str.strip).filter(bool)


def is_plain(shape: Any, depth: int) -> bool:
    if shape.type_name == "structure":
        return depth < 3 and any(is_plain(each, depth + 1) for each in shape.members.values())
    if shape.type_name in {"list", "map"}:
        return depth < 3 and is_plain(shape.member if shape.type_name == "list" else shape.value, depth + 1)
    return shape.type_name not in {"timestamp", "blob"}


QUERY_OPERATIONS = [
    (name, operation)
    for name in ("iam", "cloudformation", "ec2")
    for operation in MODELS[name].operation_names
    if (shape := MODELS[name].operation_model(operation).input_shape)
    and any(is_plain(e, 0) for e in shape.members.values())
]


@given(st.data())
def test_parameters_that_botocore_writes_as_a_form_are_read_as_they_were(data: st.DataObject) -> None:
    service, name = data.draw(st.sampled_from(QUERY_OPERATIONS))
    model = MODELS[service]
    operation = model.operation_model(name)
    parameters = data.draw(values(operation.input_shape))
    form = create_serializer(model.metadata["protocol"], include_validation=False).serialize_to_request(
        parameters, operation
    )["body"]
    texts = {key: str(value) for key, value in form.items()}
    assert read_query(texts, operation.input_shape, is_ec2=service == "ec2") == parameters


ANSWERED = [
    ("iam", "GetRole"),
    ("iam", "ListAttachedRolePolicies"),
    ("iam", "SimulatePrincipalPolicy"),
    ("cloudformation", "DescribeStacks"),
    ("cloudformation", "DescribeStackResources"),
    ("ec2", "DescribeNetworkInterfaces"),
    ("ec2", "DescribeSubnets"),
    ("kms", "DescribeKey"),
    ("kms", "ListAliases"),
    ("kafka", "GetBootstrapBrokers"),
    ("kafka", "DescribeClusterV2"),
]


@given(st.data())
def test_answers_are_what_botocore_reads_from_them(data: st.DataObject) -> None:
    service, name = data.draw(st.sampled_from(ANSWERED))
    operation = MODELS[service].operation_model(name)
    answer = data.draw(values(operation.output_shape))
    response = protocol_of(service).write(operation, answer)
    parser = create_parser(MODELS[service].metadata["protocol"])
    told = {"status_code": 200, "headers": dict(response.headers), "body": response.body}
    parsed = parser.parse(told, operation.output_shape)
    parsed.pop("ResponseMetadata")
    assert parsed == answer
