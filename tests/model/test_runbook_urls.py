from __future__ import annotations

import pytest

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.runbook_urls import check_runbook_base_url


@pytest.mark.parametrize("url", ["https://example.com/docs/runbooks", "https://example.com:8443", "https://a/b%20c"])
def test_a_folder_keeps_its_url_without_the_slash_at_its_end(url: str) -> None:
    assert check_runbook_base_url(url) == url
    assert check_runbook_base_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "docs/runbooks",
        "http://example.com/runbooks",
        "https://",
        "https:///runbooks",
        "https://example.com/runbooks?ref=main",
        "https://example.com/runbooks#key",
        "https://example.com/run books",
        "https://example.com/runbooks\n",
        "https://[example.com/runbooks",
        "https://exämple.com/runbooks",
    ],
)
def test_what_an_alarm_could_not_lead_to_is_refused(url: str) -> None:
    with pytest.raises(PenstockError, match="the folder of runbooks must be a URL"):
        check_runbook_base_url(url)
