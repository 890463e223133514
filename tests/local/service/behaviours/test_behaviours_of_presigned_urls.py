"""MSF's behaviours: URLs of Flink's pages. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ParamValidationError

if TYPE_CHECKING:
    from tests.local.service.msf_account import MsfAccount


def url(account: MsfAccount, *, kind: str = "FLINK_DASHBOARD_URL", **given: int) -> str:
    """Create a URL."""
    answer = account.msf.create_application_presigned_url(ApplicationName=account.name, UrlType=kind, **given)
    return str(answer["AuthorizedUrl"])


@pytest.mark.source("M")
def test_only_a_running_application_has_a_url(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceInUseException"):
        url(account)
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        url(account)
    account.settle()
    assert url(account) != url(account)
    assert len(url(account)) <= 2_048
    account.msf.stop_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        url(account)


@pytest.mark.source("M")
def test_a_session_lasts_from_half_an_hour_to_half_a_day(account: MsfAccount) -> None:
    account.create(start=True)
    for seconds in (1_800, 43_200):
        assert url(account, SessionExpirationDurationInSeconds=seconds)
    with pytest.raises(ParamValidationError):
        url(account, SessionExpirationDurationInSeconds=1_799)
    with account.refused("InvalidArgumentException"):
        url(account, SessionExpirationDurationInSeconds=43_201)


@pytest.mark.source("M")
def test_an_application_of_flink_has_no_zeppelin_pages(account: MsfAccount) -> None:
    account.create(start=True)
    with account.refused("InvalidArgumentException"):
        url(account, kind="ZEPPELIN_UI_URL")
