"""Custom resources keep their values on the way through a template and CloudFormation to a handler."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.custom_resources.grafana_content_resource import DashboardAsset, GrafanaContentResource
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.custom_resources.search_content_resource import SearchContentResource
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource
from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.grafana import CloudWatchSource, DataSource
from cdk_penstock.model.search_content import Content

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

RESOURCES: Any = [
    ApplicationKeyResource,
    VerifiedStartResource,
    GrafanaContentResource,
    KafkaBootstrapBrokersResource,
    KeptParallelismResource,
    SearchContentResource,
]
TEXT = st.text(min_size=1)


@dataclass(frozen=True, kw_only=True)
class Nested:
    text: str
    is_on: bool


@dataclass(frozen=True, kw_only=True)
class Everything(CustomResourceProperties):
    """A resource with a field of every type that there may be."""

    resource_type: ClassVar[str] = "Custom::Everything"

    text: str
    whole_number: int
    is_on: bool
    maybe_text: str | None
    maybe_nested: Nested | None
    many_numbers: tuple[int, ...]
    many_nested: tuple[Nested, ...]
    with_default: str = ""


def instances(kind: type) -> SearchStrategy[Any]:
    hints = get_type_hints(kind)
    values = {each.name: TEXT if hints[each.name] is str else VALUES[hints[each.name]] for each in fields(kind)}
    return st.builds(kind, **values)


VALUES: dict[Any, SearchStrategy[Any]] = {
    int: st.integers(),
    bool: st.booleans(),
    str | None: st.none() | TEXT,
    tuple[str, ...]: st.lists(TEXT).map(tuple),
    tuple[int, ...]: st.lists(st.integers()).map(tuple),
}
VALUES |= {
    Nested | None: st.none() | instances(Nested),
    Revision | None: st.none() | instances(Revision),
    tuple[Nested, ...]: st.lists(instances(Nested)).map(tuple),
    tuple[DashboardAsset, ...]: st.lists(instances(DashboardAsset)).map(tuple),
    tuple[DataSource, ...]: st.lists(instances(DataSource)).map(tuple),
    tuple[CloudWatchSource, ...]: st.lists(instances(CloudWatchSource)).map(tuple),
}


def as_cloudformation_sends_it(value: Any) -> Any:
    """Return a template's value as CloudFormation hands it to a custom resource: numbers and booleans are strings."""
    if isinstance(value, dict):
        return {name: as_cloudformation_sends_it(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_cloudformation_sends_it(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def leaves(value: Any) -> list[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if children is None else [leaf for child in children for leaf in leaves(child)]


@given(st.one_of([instances(each) for each in [*RESOURCES, Everything]]))
def test_a_handler_reads_what_the_construct_has_written(resource: CustomResourceProperties) -> None:
    properties = resource.to_properties()
    sent = as_cloudformation_sends_it(properties) | {"ServiceToken": "arn", "ServiceTimeout": "3600"}
    assert type(resource).from_properties(sent) == resource
    assert type(resource).from_earlier_properties(sent | {"OfAnotherVersion": "1"}) == resource
    assert all(isinstance(leaf, str) for leaf in leaves(properties))


@given(instances(Everything), st.data())
def test_a_property_that_is_missing_or_of_another_type_is_named(resource: Everything, data: st.DataObject) -> None:
    properties = resource.to_properties()
    name = data.draw(st.sampled_from(sorted(properties)))
    wrong = ["x"] if isinstance(properties[name], str) else "neither list nor object"
    for parse in (Everything.from_properties, Everything.from_earlier_properties):
        with pytest.raises(PenstockError, match=f"expected the property {name}"):
            parse(properties | {name: wrong})
        del_properties = {each: value for each, value in properties.items() if each != name}
        if name == "WithDefault":
            assert parse(del_properties).with_default == ""
        else:
            with pytest.raises(PenstockError, match=f"expected the property {name} .* got nothing"):
                parse(del_properties)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Text": ""}, "expected the property Text to be a string that is not empty, got '': set it in the template"),
        ({"WholeNumber": "1.0"}, "expected the property WholeNumber to be a whole number, got '1.0'"),
        ({"WholeNumber": "٣"}, "expected the property WholeNumber to be a whole number"),
        ({"IsOn": "yes"}, "expected the property IsOn to be 'true' or 'false', got 'yes'"),
        ({"IsOn": True}, "expected the property IsOn to be 'true' or 'false', got True"),
        ({"MaybeText": 5}, "expected the property MaybeText to be a string"),
        ({"ManyNumbers": ["1", "x"]}, "expected the property ManyNumbers[1] to be a whole number, got 'x'"),
        (
            {"ManyNested": [{"Text": "a"}]},
            "expected the property ManyNested[0].IsOn to be 'true' or 'false', got",
        ),
        (
            {"MaybeNested": {"Text": "a", "IsOn": "on"}},
            "expected the property MaybeNested.IsOn to be 'true' or 'false'",
        ),
        ({"MaybeNested": []}, "expected the property MaybeNested to be an object with Text, IsOn, got []"),
        ({"Texts": "a"}, "Everything has no Texts, only Text, WholeNumber"),
        ({"MaybeNested": {"Text": "a", "IsOn": "true", "Of": "b"}}, "Nested has no MaybeNested.Of, only Text, IsOn"),
    ],
)
def test_an_ill_typed_or_unknown_property_gives_one_clear_error(changes: dict[str, Any], message: str) -> None:
    properties = {
        "Text": "a",
        "WholeNumber": "1",
        "IsOn": "true",
        "MaybeText": "",
        "MaybeNested": {},
        "ManyNumbers": [],
        "ManyNested": [],
    }
    Everything.from_properties(properties)
    with pytest.raises(PenstockError) as caught:
        Everything.from_properties(properties | changes)
    assert message in str(caught.value)


def test_an_object_without_a_value_is_none() -> None:
    start = VerifiedStartResource(application_name="a", operator_role_arn="arn", force_stop_after_seconds=60)
    written = start.to_properties()
    assert written["Expected"] == {}
    empty = {"CodeBucketArn": "", "CodeKey": "", "CodeVersion": "", "RuntimeEnvironment": ""}
    assert VerifiedStartResource.from_properties(written | {"Expected": empty}) == start


def test_each_custom_resource_has_its_own_type() -> None:
    types = [each.resource_type for each in RESOURCES]
    assert len(set(types)) == len(types)
    assert set(CustomResourceProperties.__subclasses__()) - {Everything} == set(RESOURCES)


def test_content_of_a_search_domain_keeps_its_mappings() -> None:
    content = Content(roles={"reader": {}}, mappings={"reader": ("arn:a", "arn:b"), "writer": ("arn:a",)})
    resource = SearchContentResource.of(content, endpoint="e", master_role_arn="arn", content_id="c")
    assert resource.mappings == ("reader=arn:a", "reader=arn:b", "writer=arn:a")
    assert resource.wanted == content
