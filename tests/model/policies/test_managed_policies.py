"""Statements in as few managed policies as IAM's limits allow."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.managed_policies import managed_policies

ACTIONS = st.lists(st.integers(0, 400).map(lambda n: f"service:Action{n}"), min_size=1, max_size=300, unique=True)
STATEMENTS = st.lists(
    st.builds(
        lambda actions, resource: Statement(actions=tuple(actions), resources=(f"arn:aws:service:::{resource}",)),
        ACTIONS,
        st.integers(0, 9),
    ),
    max_size=12,
)


def allowed(documents: list[PolicyDocument]) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for document in documents
        for statement in document.statements
        for action in statement.actions
        for resource in statement.resources
    }


@given(STATEMENTS)
def test_together_they_allow_what_the_statements_do_and_each_fits(statements: list[Statement]) -> None:
    try:
        documents = managed_policies(statements)
    except PenstockError:
        assert len(json.dumps([each.to_json() for each in statements])) > 9 * 6144 / 2
        return
    assert allowed(list(documents)) == allowed([PolicyDocument(statements=tuple(statements))])
    for document in documents:
        assert len("".join(json.dumps(document.to_json()).split())) <= 6144


def test_without_statements_there_is_no_policy() -> None:
    assert managed_policies([]) == ()


def test_more_policies_than_a_role_can_have_are_refused_with_the_number() -> None:
    actions = tuple(f"s:{'a' * 60}{n}" for n in range(90))
    one_each = [Statement(actions=actions, resources=(f"arn:{n}",)) for n in range(11)]
    with pytest.raises(PenstockError, match="at most 10 managed policies, got 11"):
        managed_policies(one_each)


def test_an_action_whose_resources_do_not_fit_is_refused_by_name() -> None:
    long = Statement(actions=("s:A",), resources=tuple(f"arn:aws:s3:::{'b' * 60}{n}" for n in range(100)))
    with pytest.raises(PenstockError, match="s:A has 100 resources"):
        managed_policies([long])
