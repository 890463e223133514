from __future__ import annotations

import socket
import urllib.error
from typing import TYPE_CHECKING, Any

import botocore.credentials
import botocore.exceptions
import pytest

from cdk_penstock.control.clients import Clock
from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.control.opensearch import OpenSearch, SearchNameError, SearchRefusedError, SearchUnavailableError
from cdk_penstock.handlers import search_content_handler
from cdk_penstock.handlers.events import Event
from cdk_penstock.handlers.search_content_handler import SearchContentHandler, SearchServices
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.search_content import Content, ContentError, access_role, encode
from tests.control.fake_aws import World
from tests.handlers.fake_opensearch import ACCESS_KEY, MASTER, REGION, SECRET_KEY, TOKEN, FakeDomain, Killed, Server
from tests.handlers.framework import Framework

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "arn:aws:iam::111122223333:role/job"
OTHER = "arn:aws:iam::111122223333:role/other"
LEDGER = "penstock-vehicles"

PATTERN = {"type": "index-pattern", "id": "vehicles*", "attributes": {"title": "vehicles*"}}
DASHBOARD = {
    "type": "dashboard",
    "id": "in motion/now",
    "attributes": {"title": "Vehicles in motion"},
    "references": [{"type": "index-pattern", "id": "vehicles*", "name": "ref"}],
}
TEMPLATE = {"index_patterns": ["vehicles-*"], "template": {"settings": {"number_of_replicas": 2}}}


class FakeSession:
    def __init__(self, calls: list[str], faults: list[Exception], **given: Any) -> None:
        self._calls, self._faults, self._given = calls, faults, given
        self.region_name = REGION

    def client(self, service: str, **_: Any) -> FakeSession:
        assert service == "sts"
        return self

    def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803
        assert RoleSessionName == "penstock-Vehicles"
        if self._faults:
            raise self._faults.pop(0)
        self._calls.append(RoleArn)
        return {
            "Credentials": {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "SessionToken": TOKEN},
        }

    def get_credentials(self) -> botocore.credentials.Credentials:
        return botocore.credentials.Credentials(
            self._given["aws_access_key_id"], self._given["aws_secret_access_key"], self._given["aws_session_token"]
        )


class Deployment:
    """CloudFormation, the framework, the handler and a domain."""

    def __init__(self, domain: FakeDomain, endpoint: str, *, timeout_seconds: float = 60) -> None:
        self.domain, self.endpoint = domain, endpoint
        self.world = World()
        self.assumed: list[str] = []
        self.sts_faults: list[Exception] = []
        self.services = SearchServices(
            new_session=lambda **given: FakeSession(self.assumed, self.sts_faults, **given),
            clock=self.world.clock,
            scheme="http",
            timeout_seconds=timeout_seconds,
        )
        self.handler = SearchContentHandler(self.services)
        self.framework = Framework(self, self.handler)  # type: ignore[arg-type]

    def properties(self, content: Content) -> dict[str, Any]:
        return {
            "ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:f",
            "Endpoint": self.endpoint,
            "MasterRoleArn": MASTER,
            "ContentId": "Vehicles",
            "Content": encode(content),
            "Mappings": [f"{role}={arn}" for role, arns in content.mappings.items() for arn in arns],
        }

    def create(self, content: Content) -> dict[str, Any]:
        return self.framework.create(self.properties(content))

    def update(self, content: Content, old: Content) -> dict[str, Any]:
        return self.framework.update(self.properties(content), self.properties(old))

    def delete(self, content: Content) -> dict[str, Any]:
        return self.framework.delete(self.properties(content))

    def control(self) -> Any:
        return self.services.content(endpoint=self.endpoint, master_role_arn=MASTER, content_id="Vehicles")


@pytest.fixture
def domain() -> FakeDomain:
    return FakeDomain()


@pytest.fixture
def aws(domain: FakeDomain) -> Iterator[Deployment]:
    server = Server(domain)
    yield Deployment(domain, server.endpoint)
    server.close()


FULL = Content(
    roles={"writer": access_role("vehicles-*")},
    mappings={"writer": (JOB,), "all_access": (JOB,)},
    index_templates={"vehicles": TEMPLATE},
    saved_objects=(PATTERN, DASHBOARD),
)
SMALL = Content(index_templates={"vehicles": TEMPLATE})
SOMEBODY = "arn:aws:iam::111122223333:role/somebody"


def test_create_puts_everything_and_says_how_much(aws: Deployment, domain: FakeDomain) -> None:
    answer = aws.create(FULL)
    assert answer["Data"] == {"Items": "6"}
    assert answer["PhysicalResourceId"] == f"penstock-search-content/{aws.endpoint}/Vehicles"
    assert domain.roles == {"writer": access_role("vehicles-*")}
    assert domain.mappings["writer"]["backend_roles"] == [JOB]
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY, JOB]
    assert domain.templates == {"vehicles": TEMPLATE}
    assert set(domain.objects) == {("index-pattern", "vehicles*"), ("dashboard", "in motion/now")}
    assert set(aws.assumed) == {MASTER}


def test_delete_leaves_the_domain_as_it_was(aws: Deployment, domain: FakeDomain) -> None:
    before = domain.state()
    aws.create(FULL)
    assert domain.state() != before
    aws.delete(FULL)
    assert domain.state() == before


def test_the_same_content_again_changes_nothing(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    before = domain.state()
    aws.update(FULL, FULL)
    assert domain.state() == before


def test_update_puts_what_is_new_and_removes_what_is_not_wanted_any_more(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    changed = TEMPLATE | {"priority": 7}
    new = Content(index_templates={"vehicles": changed, "more": TEMPLATE}, mappings={"all_access": (OTHER,)})
    aws.update(new, FULL)
    assert domain.templates == {"vehicles": changed, "more": TEMPLATE}
    assert domain.mappings == {"all_access": domain.mappings["all_access"]}
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY, OTHER]
    assert (domain.roles, domain.objects) == ({}, {})


def test_a_dashboard_that_changes_is_written_over(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    renamed = DASHBOARD | {"attributes": {"title": "Now"}}
    aws.update(Content(saved_objects=(PATTERN, renamed)), FULL)
    assert domain.objects["dashboard", "in motion/now"]["attributes"] == {"title": "Now"}


def test_a_mapping_of_others_survives_create_update_and_delete(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    domain.mappings["writer"]["backend_roles"].insert(0, OTHER)
    domain.mappings["writer"]["users"].append("someone")
    aws.delete(FULL)
    assert domain.mappings["writer"]["backend_roles"] == [OTHER]
    assert domain.mappings["writer"]["users"] == ["someone"]
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY]


def test_a_mapping_that_was_there_before_is_not_removed_later(aws: Deployment, domain: FakeDomain) -> None:
    domain.mappings["all_access"]["backend_roles"].append(JOB)
    before = domain.state()
    aws.create(FULL)
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY, JOB]
    aws.delete(FULL)
    assert domain.state() == before


def test_a_mapping_that_somebody_has_removed_already_is_no_trouble(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    del domain.mappings["writer"]
    aws.delete(FULL)
    assert "writer" not in domain.mappings


@pytest.mark.parametrize("kind", ["role", "template", "object"])
def test_what_is_somebody_elses_is_refused_and_survives_the_rollback(
    aws: Deployment, domain: FakeDomain, kind: str
) -> None:
    if kind == "role":
        domain.roles["writer"] = {"description": "mine"}
    elif kind == "template":
        domain.templates["vehicles"] = {"index_patterns": ["mine"]}
    else:
        domain.objects["dashboard", "in motion/now"] = {"mine": True}
    before = domain.state()
    with pytest.raises(ContentError, match=f"from another owner: {kind}"):
        aws.create(FULL)
    assert domain.changes() == []
    aws.delete(FULL)
    assert domain.state() == before


def test_a_refused_update_keeps_the_old_content_when_it_is_rolled_back(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(SMALL)
    domain.objects["dashboard", "in motion/now"] = {"mine": True}
    before = domain.state()
    with pytest.raises(ContentError):
        aws.update(FULL, SMALL)
    aws.update(SMALL, FULL)
    assert domain.state() == before


def test_a_ledger_of_somebody_else_is_refused(aws: Deployment, domain: FakeDomain) -> None:
    domain.ledgers[LEDGER] = {"template": {"settings": {}}}
    with pytest.raises(ContentError, match="not penstock's ledger"):
        aws.create(FULL)


@pytest.mark.parametrize("zones", [1, 2, 3])
def test_the_ledger_is_taken_whatever_number_of_zones_wants_copies(
    aws: Deployment, domain: FakeDomain, zones: int
) -> None:
    domain.zones = zones
    aws.create(FULL)
    assert set(domain.ledgers) == {LEDGER}


def test_a_ledger_without_settings_is_read(aws: Deployment, domain: FakeDomain) -> None:
    before = domain.state()
    aws.create(FULL)
    domain.ledgers[LEDGER]["template"] = {}
    aws.update(FULL, FULL)
    domain.ledgers[LEDGER]["template"] = {}
    aws.delete(FULL)
    assert domain.state() == before


def requests_of_a_create() -> int:
    domain = FakeDomain()
    server = Server(domain)
    Deployment(domain, server.endpoint).create(FULL)
    server.close()
    return len(domain.requests)


REQUESTS = requests_of_a_create()


class Scissors:
    """Cuts the handler off before its n-th request, or after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int, *, after: bool) -> None:
        self._left, self._after, self._send = count, after, OpenSearch._send
        monkeypatch.setattr(OpenSearch, "_send", lambda *args: self.send(*args))  # noqa: PLW0108 - a bound method would lose the domain

    def send(self, *args: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        answer = self._send(*args)
        if self._left == 0:
            raise Killed
        return answer


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", range(1, REQUESTS + 1))
def test_a_create_cut_off_anywhere_is_finished_by_the_next(
    aws: Deployment, domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, count: int, after: bool
) -> None:
    with monkeypatch.context() as patched:
        Scissors(patched, count, after=after)
        with pytest.raises(Killed):
            aws.create(FULL)
    aws.create(FULL)
    done = domain.state()
    reference = FakeDomain()
    server = Server(reference)
    Deployment(reference, server.endpoint).create(FULL)
    server.close()
    assert done == reference.state()


@pytest.mark.parametrize("count", range(1, REQUESTS + 1))
def test_a_create_cut_off_anywhere_is_rolled_back_without_a_trace(
    aws: Deployment, domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    before = domain.state()
    with monkeypatch.context() as patched:
        Scissors(patched, count, after=True)
        with pytest.raises(Killed):
            aws.create(FULL)
    aws.delete(FULL)
    assert domain.state() == before


def test_an_update_cut_off_half_way_is_rolled_back_to_the_old_content(
    aws: Deployment, domain: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.create(SMALL)
    before = domain.state()
    with monkeypatch.context() as patched:
        Scissors(patched, REQUESTS - 2, after=True)
        with pytest.raises(Killed):
            aws.update(FULL, SMALL)
    assert domain.state() != before
    aws.update(SMALL, FULL)
    assert domain.state() == before


EACH_REQUEST = pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_component_template"),
        ("PUT", "/_component_template"),
        ("PUT", "/roles/"),
        ("PUT", "/rolesmapping/"),
        ("PATCH", "/rolesmapping/"),
        ("PUT", "/_index_template"),
        ("POST", "/_resolve_import_errors"),
    ],
)


@pytest.mark.parametrize("fault", [429, 500, 502, 503, 504, "drop", "lost", "html", "cut", "cut error"])
@EACH_REQUEST
def test_a_busy_domain_is_asked_again(aws: Deployment, domain: FakeDomain, method: str, path: str, fault: Any) -> None:
    domain.fail(method, path, fault)
    aws.create(FULL)
    assert domain.faults == []
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY, JOB]
    assert domain.mappings["writer"]["backend_roles"] == [JOB]
    assert len(domain.objects) == 2


@EACH_REQUEST
def test_a_request_that_hangs_is_sent_again(aws: Deployment, domain: FakeDomain, method: str, path: str) -> None:
    # A busy machine may let other requests time out as well; these are only sent again.
    impatient = Deployment(domain, aws.endpoint, timeout_seconds=0.5)
    domain.fail(method, path, "hang")
    impatient.create(FULL)
    assert domain.faults == []
    assert len(domain.objects) == 2


def test_a_domain_that_is_busy_for_long_is_asked_again_later(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("GET", "/_component_template", *[503] * 10)
    aws.create(FULL)
    assert domain.templates


def test_gives_up_on_a_domain_that_stays_busy_and_says_so(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("GET", "/_component_template", *[429] * 1000)
    begin = aws.world.time
    with pytest.raises(SearchUnavailableError, match="keeps answering 429"):
        aws.create(FULL)
    assert 900 <= (aws.world.time - begin).total_seconds() < 1200


def test_gives_up_on_a_domain_that_cannot_be_reached_and_names_the_security_group(aws: Deployment) -> None:
    aws.endpoint = "127.0.0.1:1"
    with pytest.raises(SearchUnavailableError, match="security group"):
        aws.create(FULL)


STS_IS_AWAY = [
    botocore.exceptions.ConnectTimeoutError(endpoint_url="https://sts"),
    botocore.exceptions.EndpointConnectionError(endpoint_url="https://sts"),
    botocore.exceptions.ReadTimeoutError(endpoint_url="https://sts"),
    botocore.exceptions.ConnectionClosedError(endpoint_url="https://sts"),
]


def test_an_endpoint_of_sts_that_is_not_in_force_yet_is_waited_for(aws: Deployment, domain: FakeDomain) -> None:
    aws.sts_faults.extend(STS_IS_AWAY)
    aws.create(SMALL)
    assert domain.templates
    aws.sts_faults.extend(STS_IS_AWAY)
    aws.delete(SMALL)
    assert not domain.templates


def test_gives_up_on_sts_that_is_never_reached_and_names_the_endpoint(aws: Deployment) -> None:
    aws.sts_faults.extend(STS_IS_AWAY * 100)
    with pytest.raises(SearchUnavailableError, match="interface endpoint or NAT"):
        aws.create(SMALL)


def test_a_request_that_sts_never_got_for_a_mistake_of_ours_is_not_waited_for(aws: Deployment) -> None:
    aws.sts_faults.append(botocore.exceptions.NoCredentialsError())
    with pytest.raises(botocore.exceptions.NoCredentialsError):
        aws.create(SMALL)


def test_a_conflict_of_two_writers_is_settled_by_looking_again(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("PATCH", "/rolesmapping/all_access", 409)
    aws.create(FULL)
    assert domain.mappings["all_access"]["backend_roles"] == [SOMEBODY, JOB]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/roles/writer"), ("PUT", "/rolesmapping/writer"), ("PATCH", "/rolesmapping/all_access")],
)
def test_two_resources_that_write_to_one_security_document_both_get_through(
    aws: Deployment, domain: FakeDomain, method: str, path: str
) -> None:
    domain.fail(method, path, 409, 409)
    aws.create(FULL)
    assert domain.faults == []
    assert domain.roles == {"writer": access_role("vehicles-*")}
    assert domain.mappings["writer"]["backend_roles"] == [JOB]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/rolesmapping/writer"), ("DELETE", "/rolesmapping/writer"), ("DELETE", "/roles/writer")],
)
def test_two_resources_that_remove_from_one_security_document_both_get_through(
    aws: Deployment, domain: FakeDomain, method: str, path: str
) -> None:
    before = domain.state()
    aws.create(FULL)
    domain.fail(method, path, 409, 409)
    aws.delete(FULL)
    assert domain.faults == []
    assert domain.state() == before


def test_a_conflict_outside_of_the_security_plugin_is_final(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("PUT", "/_index_template", 409)
    with pytest.raises(SearchRefusedError, match="with 409"):
        aws.create(FULL)


def test_a_list_that_moves_under_the_removal_loses_nobody(aws: Deployment, domain: FakeDomain) -> None:
    aws.create(FULL)
    mapping = domain.mappings["all_access"]["backend_roles"]
    domain.fail("PATCH", "/rolesmapping/all_access", lambda: mapping.insert(0, OTHER))
    aws.delete(FULL)
    assert domain.mappings["all_access"]["backend_roles"] == [OTHER, SOMEBODY]


def test_gives_up_on_a_mapping_that_never_comes_to_rest(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("PATCH", "/rolesmapping/all_access", *[409] * 1000)
    with pytest.raises(SearchUnavailableError, match="somebody else keeps changing"):
        aws.create(FULL)


def test_another_refusal_of_a_mapping_is_final(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("PATCH", "/rolesmapping/all_access", 405)
    with pytest.raises(SearchRefusedError, match="with 405"):
        aws.create(FULL)


def test_permission_that_is_seen_late_is_waited_for(aws: Deployment, domain: FakeDomain) -> None:
    domain.fail("GET", "/_component_template", 403, 401)
    aws.create(FULL)
    assert domain.templates


def test_permission_that_is_missing_is_named(aws: Deployment, domain: FakeDomain) -> None:
    domain.is_master = False
    with pytest.raises(MissingPermissionError, match="must be the domain's master user"):
        aws.create(FULL)


def test_saved_objects_that_refer_to_nothing_are_refused_and_rolled_back(aws: Deployment, domain: FakeDomain) -> None:
    before = domain.state()
    broken = Content(saved_objects=(DASHBOARD,))
    with pytest.raises(SearchRefusedError, match="missing_references"):
        aws.create(broken)
    aws.delete(broken)
    assert domain.state() == before


def test_a_role_that_the_plugin_refuses_fails_with_its_reason(aws: Deployment) -> None:
    with pytest.raises(SearchRefusedError, match="invalid_keys"):
        aws.create(Content(roles={"writer": {"wrong": 1}}))


def unresolvable(aws: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr("urllib.request.urlopen", fail)


def test_nothing_is_left_to_remove_of_a_domain_whose_name_is_gone(
    aws: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.create(SMALL)
    unresolvable(aws, monkeypatch)
    assert aws.delete(SMALL)["Data"] == {"Items": "0"}


def test_a_create_in_a_domain_whose_name_is_gone_fails(aws: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    unresolvable(aws, monkeypatch)
    with pytest.raises(SearchNameError):
        aws.create(SMALL)


def test_a_new_domain_is_another_resource(aws: Deployment) -> None:
    first = aws.create(SMALL)["PhysicalResourceId"]
    other = Server(FakeDomain())
    old = aws.properties(SMALL)
    aws.endpoint = other.endpoint
    second = aws.framework.update(aws.properties(SMALL), old)["PhysicalResourceId"]
    other.close()
    assert first != second


@pytest.mark.parametrize("mapping", ["writer", "=arn", "writer="])
def test_fails_on_a_mapping_that_is_none(aws: Deployment, mapping: str) -> None:
    properties = aws.properties(SMALL) | {"Mappings": [mapping]}
    with pytest.raises(PenstockError, match="expected Mappings"):
        aws.framework.create(properties)


def test_a_wrong_number_of_attempts_is_a_mistake_of_the_caller(aws: Deployment) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        aws.control().domain.request("GET", "/", attempts=0)


def test_an_answer_that_is_no_json_is_passed_on_as_text(aws: Deployment, domain: FakeDomain) -> None:
    answer = aws.control().domain.request("GET", "/nothing", accepted=(400,))
    assert "no handler found" in answer.body["error"]


def test_lambda_calls_the_handler(monkeypatch: pytest.MonkeyPatch, aws: Deployment, domain: FakeDomain) -> None:
    monkeypatch.setattr(search_content_handler, "SearchServices", lambda: aws.services)
    event = {"RequestType": "Create", "ResourceProperties": aws.properties(SMALL)}
    event |= search_content_handler.on_event(event, None)
    assert search_content_handler.is_complete(event, None)["IsComplete"] is True
    assert Event.parse(event).begin
    assert domain.templates


def test_by_default_a_domain_is_reached_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    services = SearchServices(new_session=lambda **given: FakeSession([], [], **given), clock=Clock())
    control = services.content(endpoint="example", master_role_arn=MASTER, content_id="Vehicles")
    assert control.domain.url == "https://example"
    assert issubclass(SearchNameError, ControlError)
