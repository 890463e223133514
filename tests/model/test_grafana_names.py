from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.grafana import GrafanaNameError, check_uid, content_uid, owner_mark


@given(st.from_regex(r"[a-zA-Z0-9_-]{1,40}", fullmatch=True))
def test_a_uid_that_grafana_takes_is_returned(uid: str) -> None:
    assert check_uid(uid, what="a dashboard") == uid


@pytest.mark.parametrize("uid", ["", "a b", "a/b", "ü", "a" * 41, "a\n"])
def test_a_uid_that_grafana_refuses_is_refused_with_the_fix(uid: str) -> None:
    with pytest.raises(GrafanaNameError, match="the uid of folder must be 1 to 40 letters") as error:
        check_uid(uid, what="folder")
    assert re.search(rf"\({len(uid)} characters\): choose a shorter or plainer name", str(error.value))


def test_content_has_its_folder_as_a_prefix_and_may_be_too_long_for_it() -> None:
    assert content_uid("penstock", "fleet", what="dashboard 'fleet'") == "penstock-fleet"
    with pytest.raises(GrafanaNameError, match="the uid of dashboard 'f+' must be"):
        content_uid("penstock", "f" * 32, what=f"dashboard {'f' * 32!r}")


def test_two_deployments_with_one_folder_uid_have_different_marks() -> None:
    assert owner_mark("penstock", "a") != owner_mark("penstock", "b")
