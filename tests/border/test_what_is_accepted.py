"""Arguments that a type checker accepts are accepted at run time, in each form that the CDK and Python have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NewType, Protocol, TypedDict, Unpack

import jsii
import pytest
from aws_cdk import App, Duration, Fn, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_opensearchservice as opensearch
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.arguments import ArgumentError
from cdk_penstock.model.arguments.parse import kind_of
from cdk_penstock.streams.kinesis import EventStream

STACK = Stack(App(), "Stack")
ROLE_ARN = "arn:aws:iam::111122223333:role/job"
Topic = NewType("Topic", str)


@jsii.implements(iam.IGrantable)
class GrantableOfJsii:
    @property
    def grant_principal(self) -> iam.IPrincipal:
        return iam.Role.from_role_arn(STACK, "Never", ROLE_ARN)


class GrantableByShape:
    def __init__(self) -> None:
        self.grant_principal = iam.ArnPrincipal(ROLE_ARN)


class Level(StrEnum):
    LOW = "low"


class Named(Protocol):
    name: str

    def rename(self, name: str) -> None: ...


@dataclass
class Stream:
    name: str

    def rename(self, name: str) -> None:
        self.name = name


class Options(TypedDict, total=False):
    period: Duration


ACCEPTED: list[tuple[Any, Any]] = [
    (str, "text"),
    (str, Level.LOW),
    (str, Fn.import_value("name")),
    (str, Token.as_string({"Ref": "Name"})),
    (int, 4),
    (float, 4),
    (float, 0.5),
    (float, Token.as_number({"Ref": "Count"})),
    (bool, False),
    (bool | None, None),
    (Level, Level.LOW),
    (Topic, "clicks"),
    (Literal["a", "b"], "b"),
    (Duration, Duration.seconds(1)),
    (Sequence[str], ["a"]),
    (Sequence[str], ("a",)),
    (Sequence[str], Token.as_list({"Ref": "Names"})),
    (Iterator[str], iter("ab")),
    (Mapping[str, Mapping[str, str]], {"group": {"key": "value"}}),
    (Mapping[str, Any], {"settings": [1, {"a": None}]}),
    (Callable[[], str], str),
    (type[Stack], Stack),
    (Named, Stream("clicks")),
    (Options, {"period": Duration.seconds(1)}),
    (iam.IGrantable, iam.Role.from_role_arn(STACK, "Role", ROLE_ARN)),
    (iam.IGrantable, GrantableOfJsii()),
    (iam.IGrantable, GrantableByShape()),
    (iam.IPrincipal, iam.ArnPrincipal(ROLE_ARN)),
    (iam.IPrincipal, iam.Role.from_role_arn(STACK, "Principal", ROLE_ARN)),
    (iam.IRole, iam.Role(STACK, "Own", assumed_by=iam.ArnPrincipal(ROLE_ARN))),
    (iam.Role, iam.Role(STACK, "Class", assumed_by=iam.ArnPrincipal(ROLE_ARN))),
    (kms.IKey, kms.Key(STACK, "Key")),
    (kms.IKey, kms.Key.from_key_arn(STACK, "Imported", "arn:aws:kms:eu-central-1:111122223333:key/1")),
    (kms.IKey, kms.Alias.from_alias_name(STACK, "Alias", "alias/flink")),
    (ec2.IVpc, ec2.Vpc(STACK, "Vpc")),
    (ec2.IVpc, ec2.Vpc.from_vpc_attributes(STACK, "V", vpc_id="vpc-1", availability_zones=["a"])),
    (ec2.ISecurityGroup, ec2.SecurityGroup.from_security_group_id(STACK, "Group", "sg-1")),
    (ec2.SubnetSelection | None, ec2.SubnetSelection(one_per_az=True)),
    (ec2.SubnetType, ec2.SubnetType.PUBLIC),
    (opensearch.EngineVersion, opensearch.EngineVersion.OPENSEARCH_2_19),
]


@pytest.mark.parametrize(
    ("wanted", "value"), ACCEPTED, ids=[f"{index}-{each[0]}" for index, each in enumerate(ACCEPTED)]
)
def test_a_value_of_the_type_is_accepted(wanted: Any, value: Any) -> None:
    assert kind_of(wanted).accepts(value)


REFUSED: list[tuple[Any, Any, str]] = [
    (ec2.IVpc, ec2.Vpc, "must be an ec2.IVpc, got the class ec2.Vpc: use ec2.Vpc.from_lookup"),
    (Named, Stream, "must be a Named, got the class Stream"),
    (Mapping[str, str], {"a": {"b": "c"}}, "x['a'] must be text, got {'b': 'c'} (dict)"),
    (Mapping[str, str], {5: "c"}, "a key of x must be text, got 5 (int)"),
    (Sequence[kms.IKey], [kms.Key(STACK, "Second"), "key"], "x[1] must be a kms.IKey, got 'key' (str)"),
    (Sequence[str], "abc", "x must be a list with each item text, got 'abc' (str): put it into a list"),
    (Literal["a", "b"], "c", "x must be 'a' or 'b', got 'c' (str): use 'a'"),
    (str | int, 1.5, "x must be text or a whole number, got 1.5 (float)"),
    (
        int,
        Token.as_number({"Ref": "Count"}),
        "(float): only the deployment knows its value; use a number th",
    ),
    (int, float("nan"), "x must be a whole number, got nan (float): use a number"),
    (bool | None, "off", "x must be True or False, got 'off' (str): use False"),
    (Duration, Duration.seconds, "x must be a Duration, got the function Duration.seconds: call it"),
    (Level, "LOW", "x must be a Level, got 'LOW' (str): use Level.LOW"),
    (Level, "lov", "did you mean Level.LOW?"),
]


@pytest.mark.parametrize(("wanted", "value", "complaint"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_complaint_names_the_first_wrong_part(wanted: Any, value: Any, complaint: str) -> None:
    kind = kind_of(wanted)
    assert not kind.accepts(value)
    assert complaint in kind.complaint("x", value)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none()))))
def test_a_mapping_is_accepted_exactly_where_all_in_it_is_text(groups: dict[str, dict[str, Any]]) -> None:
    kind = kind_of(Mapping[str, Mapping[str, str]])
    assert kind.accepts(groups) == all(
        isinstance(each, str) for entries in groups.values() for each in entries.values()
    )


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none()))
def test_a_value_is_of_one_of_the_simple_kinds_at_most(value: object) -> None:
    # A whole number is a number too; everything else is told apart.
    accepting = [wanted for wanted in (int, bool, str, None) if kind_of(wanted).accepts(value)]
    assert len(accepting) <= 1


def test_a_subclass_may_add_parameters_and_the_base_still_checks_its_own() -> None:
    class Props(TypedDict, total=False):
        stream_name: str

    class Clicks(EventStream):
        def __init__(self, scope: Stack, construct_id: str, *, team: str, **props: Unpack[Props]) -> None:
            super().__init__(scope, construct_id, **props)
            self.team = team

    assert Clicks(Stack(App(), "S"), "Clicks", team="web", stream_name="clicks").team == "web"
    with pytest.raises(ArgumentError, match="Clicks 'Clicks': stream_name must be text, got 5"):
        Clicks(Stack(App(), "S"), "Clicks", team="web", stream_name=5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="Clicks 'Clicks' has no property 'streamname': did you mean 'stream_name'"):
        Clicks(Stack(App(), "S"), "Clicks", team="web", streamname="x")  # type: ignore[call-arg]
