from __future__ import annotations

from aws_cdk import App, CfnParameter, NestedStack, Stack
from constructs import Construct
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.foundation.digests import content_digest, deployment_digest, name_digest, text_digest


@given(st.lists(st.text(alphabet="ab"), min_size=1), st.lists(st.text(alphabet="ab"), min_size=1))
def test_texts_without_line_ends_have_the_same_digest_only_if_they_are_the_same(one: list[str], two: list[str]) -> None:
    assert (text_digest(*one) == text_digest(*two)) == (one == two)


def test_a_name_known_only_at_deployment_has_no_digest() -> None:
    assert name_digest(CfnParameter(Stack(App(), "Stack"), "Name").value_as_string) == ""
    assert len(name_digest("clicks")) == 8


def test_a_digest_of_a_deployment_changes_with_stack_name_and_path_also_in_a_nested_stack() -> None:
    def digests(stack_name: str) -> list[str]:
        stack = Stack(App(), "Stack", stack_name=stack_name)
        return [deployment_digest(Construct(scope, "Content")) for scope in (stack, NestedStack(stack, "Nested"))]

    assert digests("blue") == digests("blue")
    assert len({*digests("blue"), *digests("green")}) == 4


def test_a_digest_of_a_value_does_not_depend_on_the_order_of_its_keys() -> None:
    assert content_digest({"a": 1, "b": [2]}) == content_digest({"b": [2], "a": 1})
    assert content_digest({"a": 1}) != content_digest({"a": "1"})
