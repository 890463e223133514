"""Unique ids in a policy, which stand where a principal is no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.lost_principals import lost_principals

ALIVE = ["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/AROAEXAMPLEEXAMPLE123"]
LOST = ["AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123", "AGPAEXAMPLEEXAMPLE123"]


@given(st.lists(st.sampled_from([*ALIVE, *LOST])))
def test_only_unique_ids_are_lost_principals(names: list[str]) -> None:
    statements = tuple(Statement(sid=str(number), principals={"AWS": (name,)}) for number, name in enumerate(names))
    assert lost_principals(PolicyDocument(statements=statements)) == tuple(
        dict.fromkeys(name for name in names if name in LOST)
    )


@pytest.mark.parametrize("kind", ["Service", "Federated"])
def test_services_and_identity_providers_have_no_unique_id(kind: str) -> None:
    statement = Statement(principals={kind: ("AROAEXAMPLEEXAMPLE123",)})
    assert lost_principals(PolicyDocument(statements=(statement,))) == ()


def test_a_deny_by_exception_loses_principals_too() -> None:
    statement = Statement(not_principals={"AWS": ("AROAEXAMPLEEXAMPLE123",)})
    assert lost_principals(PolicyDocument(statements=(statement,))) == ("AROAEXAMPLEEXAMPLE123",)
