"""The custom resource that keeps content in a Grafana workspace, against Grafana's HTTP API on loopback."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as SlowTransferError

from cdk_penstock.control.errors import ControlError, MissingPermissionError, UnavailableError
from cdk_penstock.control.grafana_access import WorkspaceMissingError
from cdk_penstock.handlers import grafana_content_handler
from cdk_penstock.handlers.grafana_content_handler import GrafanaContentHandler, GrafanaServices
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.grafana import OWNER_FIELD, owner_mark
from tests.control.fake_grafana import BUCKET, HOST, WORKSPACE_ID, FakeGrafana, FakeManagedGrafana, World
from tests.handlers.framework import Framework

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "penstock"
MARK = owner_mark(FOLDER, "1a2b3c4d")
ACCOUNT = MARK.replace(":", "-")


class Deployment:
    """CloudFormation, with one resource of the handler."""

    def __init__(self, grafana: FakeGrafana, aws: FakeManagedGrafana) -> None:
        self.grafana, self.aws = grafana, aws
        services = GrafanaServices(new_session=aws.session, connect=grafana.connect, clock=aws.clock)
        self.framework = Framework(aws, GrafanaContentHandler(services))  # type: ignore[arg-type]

    def properties(self, *names: str, title: str = "Fleet", sources: tuple[str, ...] = ("metrics",)) -> dict[str, Any]:
        dashboards = []
        for name in names:
            content = {"title": f"{title} {name}", "tags": ["fleet", MARK], "panels": [{"id": 1}]}
            key = f"{name}-{title}.json"
            self.aws.objects[key] = json.dumps(content).encode()
            dashboards.append({"Uid": f"{FOLDER}-{name}", "Bucket": BUCKET, "Key": key})
        return {
            "ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:f",
            "WorkspaceId": WORKSPACE_ID,
            "FolderUid": FOLDER,
            "FolderTitle": "Penstock",
            "Mark": MARK,
            "Dashboards": dashboards,
            "DataSources": [self.source(name) for name in sources],
        }

    @staticmethod
    def source(name: str, **changes: str) -> dict[str, str]:
        return {
            "Uid": f"{FOLDER}-{name}",
            "Name": name,
            "Type": "grafana-amazonprometheus-datasource",
            "Url": "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1",
            "Region": "eu-central-1",
            "IsDefault": "false",
        } | changes

    @property
    def titles(self) -> dict[str, str]:
        return {uid: each["dashboard"]["title"] for uid, each in self.grafana.dashboards.items()}

    def nothing_stays(self) -> bool:
        return not self.aws.accounts and not self.grafana.tokens


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    world = World()
    with FakeGrafana(world) as grafana:
        yield Deployment(grafana, FakeManagedGrafana(grafana, world))


def elapsed(deployment: Deployment, since: Any) -> timedelta:
    return deployment.aws.world.time - since


def test_create_puts_folder_data_source_and_dashboards_there(deployment: Deployment) -> None:
    event = deployment.framework.create(deployment.properties("a", "b"))
    assert event["Data"] == {"Url": f"https://{HOST}"}
    assert deployment.titles == {"penstock-a": "Fleet a", "penstock-b": "Fleet b"}
    assert {each["meta"]["folderUid"] for each in deployment.grafana.dashboards.values()} == {FOLDER}
    assert deployment.grafana.folders[FOLDER]["title"] == "Penstock"
    source = deployment.grafana.data_sources["penstock-metrics"]
    assert source["jsonData"] == {
        "httpMethod": "POST",
        "sigV4Auth": True,
        "sigV4AuthType": "ec2_iam_role",
        "sigV4Region": "eu-central-1",
        OWNER_FIELD: MARK,
    }
    assert (source["access"], source["isDefault"]) == ("proxy", False)
    assert deployment.nothing_stays()


def test_a_data_source_for_cloudwatch_reads_as_the_workspace_and_goes_with_the_template(deployment: Deployment) -> None:
    before = deployment.properties()
    source = {"Uid": f"{FOLDER}-cloudwatch", "Name": "CloudWatch", "Region": "eu-west-1"}
    wanted = before | {"CloudwatchDataSources": [source]}
    deployment.framework.create(wanted)
    made = deployment.grafana.data_sources["penstock-cloudwatch"]
    assert (made["type"], made["name"], made["isDefault"]) == ("cloudwatch", "CloudWatch", False)
    assert made["jsonData"] == {"authType": "ec2_iam_role", "defaultRegion": "eu-west-1", OWNER_FIELD: MARK}
    # Its plugin is a part of Grafana, and is not looked for.
    assert not [each for each in deployment.grafana.requests if "plugins/cloudwatch" in each]
    deployment.framework.update(before, wanted)
    assert list(deployment.grafana.data_sources) == ["penstock-metrics"]


def test_a_workspace_without_the_plugin_of_aws_gets_grafanas_own_until_it_has_it(deployment: Deployment) -> None:
    wanted = deployment.properties()
    deployment.grafana.plugins.remove("grafana-amazonprometheus-datasource")
    deployment.framework.create(wanted)
    source = deployment.grafana.data_sources["penstock-metrics"]
    assert (source["type"], source["jsonData"]["sigV4Auth"]) == ("prometheus", True)
    deployment.grafana.plugins.add("grafana-amazonprometheus-datasource")
    deployment.framework.update(wanted, wanted)
    assert deployment.grafana.data_sources["penstock-metrics"]["type"] == "grafana-amazonprometheus-datasource"


def test_the_same_again_changes_nothing(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.framework.create(wanted)
    deployment.grafana.requests.clear()
    deployment.framework.update(wanted, wanted)
    assert all(request.startswith("GET ") for request in deployment.grafana.requests)
    assert deployment.grafana.dashboards["penstock-a"]["dashboard"]["version"] == 1
    assert deployment.nothing_stays()


def test_update_changes_adds_and_removes_and_a_rollback_undoes_it(deployment: Deployment) -> None:
    old, new = deployment.properties("a", "b"), deployment.properties("b", "c", title="Cars", sources=("other",))
    new["FolderTitle"] = "Cars"
    deployment.framework.create(old)
    deployment.framework.update(new, old)
    assert deployment.titles == {"penstock-b": "Cars b", "penstock-c": "Cars c"}
    assert list(deployment.grafana.data_sources) == ["penstock-other"]
    assert deployment.grafana.folders[FOLDER]["title"] == "Cars"
    deployment.framework.update(old, new)
    assert deployment.titles == {"penstock-a": "Fleet a", "penstock-b": "Fleet b"}
    assert list(deployment.grafana.data_sources) == ["penstock-metrics"]
    assert deployment.grafana.folders[FOLDER]["title"] == "Penstock"
    assert deployment.nothing_stays()


def test_update_changes_a_data_source_in_place(deployment: Deployment) -> None:
    old = deployment.properties()
    new = old | {"DataSources": [deployment.source("metrics", Url="https://elsewhere/workspaces/ws-2")]}
    deployment.framework.create(old)
    deployment.framework.update(new, old)
    source = deployment.grafana.data_sources["penstock-metrics"]
    assert (source["url"], source["version"]) == ("https://elsewhere/workspaces/ws-2", 2)


def test_delete_removes_all_that_was_put_there(deployment: Deployment) -> None:
    wanted = deployment.properties("a", "b")
    deployment.framework.create(wanted)
    deployment.aws.objects.clear()
    deployment.framework.delete(wanted)
    assert (deployment.grafana.dashboards, deployment.grafana.data_sources, deployment.grafana.folders) == ({}, {}, {})
    assert deployment.nothing_stays()
    deployment.framework.delete(wanted)


def test_delete_finds_dashboards_that_the_search_does_not_know_yet(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.framework.create(wanted)
    deployment.grafana.unindexed.add("penstock-a")
    deployment.framework.delete(wanted)
    assert deployment.grafana.dashboards == {}


@pytest.mark.parametrize("counts", [True, False], ids=["counts", "an older Grafana that does not count"])
def test_what_users_made_is_never_touched(deployment: Deployment, *, counts: bool) -> None:
    deployment.grafana.counts = counts
    wanted = deployment.properties("a", "b")
    deployment.framework.create(wanted)
    deployment.grafana.add_dashboard("mine", "Mine", folder=FOLDER)
    deployment.grafana.add_dashboard("penstock-mine", "Looks like penstock's")
    deployment.grafana.data_sources["own"] = {"uid": "own", "name": "Own", "version": 1, "jsonData": {}}
    deployment.framework.update(deployment.properties("b"), wanted)
    deployment.framework.delete(wanted)
    assert set(deployment.grafana.dashboards) == {"mine", "penstock-mine"}
    assert set(deployment.grafana.data_sources) == {"own"}
    assert FOLDER in deployment.grafana.folders, "the folder has a user's dashboard in it"


def test_the_folder_stays_while_the_search_does_not_know_a_users_dashboard_yet(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.framework.create(wanted)
    deployment.grafana.add_dashboard("mine", "Mine", folder=FOLDER)
    deployment.grafana.unindexed.add("mine")
    deployment.framework.delete(wanted)
    assert set(deployment.grafana.dashboards) == {"mine"}


def test_the_folder_stays_with_a_users_library_panel_in_it(deployment: Deployment) -> None:
    deployment.framework.create(deployment.properties("a"))
    deployment.grafana.library_panels = 1
    deployment.framework.delete(deployment.properties("a"))
    assert FOLDER in deployment.grafana.folders


def test_an_older_grafana_that_does_not_count_loses_its_empty_folder(deployment: Deployment) -> None:
    deployment.grafana.counts = False
    deployment.framework.create(deployment.properties("a"))
    deployment.framework.delete(deployment.properties("a"))
    assert deployment.grafana.folders == {}


def test_a_users_copy_that_took_the_tags_along_is_never_touched(deployment: Deployment) -> None:
    wanted = deployment.properties("a", "b")
    deployment.framework.create(wanted)
    deployment.grafana.add_dashboard("fdk3a1b2c3d4e", "My copy", folder=FOLDER, tags=("fleet", MARK))
    deployment.framework.update(deployment.properties("b"), wanted)
    assert deployment.titles == {"penstock-b": "Fleet b", "fdk3a1b2c3d4e": "My copy"}
    deployment.framework.delete(wanted)
    assert deployment.titles == {"fdk3a1b2c3d4e": "My copy"}
    assert FOLDER in deployment.grafana.folders, "the folder has a user's copy in it"


def test_a_dashboard_that_only_has_our_uid_keeps_its_folder_in_an_older_grafana_that_does_not_count(
    deployment: Deployment,
) -> None:
    deployment.grafana.counts = False
    deployment.grafana.folders[FOLDER] = {"uid": FOLDER, "title": "Penstock", "version": 1}
    deployment.grafana.add_dashboard("penstock-a", "Another deployment's", folder=FOLDER, tags=("penstock:penstock:2",))
    with pytest.raises(ControlError, match="penstock-a"):
        deployment.framework.create(deployment.properties("a"))
    deployment.framework.delete(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Another deployment's"}
    assert FOLDER in deployment.grafana.folders


def test_a_folder_with_our_uid_and_another_title_is_refused_and_left_alone(deployment: Deployment) -> None:
    theirs = {"uid": FOLDER, "title": "Theirs", "version": 3}
    deployment.grafana.folders[FOLDER] = theirs
    wanted = deployment.properties("a")
    with pytest.raises(ControlError, match="called 'Theirs' instead of 'Penstock'.*choose another folder_uid"):
        deployment.framework.create(wanted)
    deployment.framework.delete(wanted)
    assert deployment.grafana.folders == {FOLDER: theirs}
    assert (deployment.grafana.dashboards, deployment.grafana.data_sources) == ({}, {})
    assert deployment.nothing_stays()


@pytest.mark.parametrize(
    "old",
    [
        {"FolderUid": "cars", "Mark": owner_mark("cars", "1a2b3c4d")},
        {"WorkspaceId": "g-9876543210"},
        {"Mark": owner_mark(FOLDER, "anotherone")},
    ],
    ids=["another folder", "another workspace", "another deployment"],
)
def test_an_update_that_had_another_folder_renames_none(deployment: Deployment, old: dict[str, Any]) -> None:
    deployment.grafana.folders[FOLDER] = {"uid": FOLDER, "title": "Theirs", "version": 3}
    wanted = deployment.properties()
    with pytest.raises(ControlError, match="folder penstock is there already, called 'Theirs'"):
        deployment.framework.update(wanted, wanted | old)
    assert deployment.grafana.folders[FOLDER]["title"] == "Theirs"


def test_an_update_renames_its_own_folder_back_that_a_user_has_renamed(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.framework.create(wanted)
    deployment.grafana.folders[FOLDER] |= {"title": "Renamed", "version": 2}
    deployment.framework.update(deployment.properties("a", title="Cars"), wanted)
    assert deployment.grafana.folders[FOLDER]["title"] == "Penstock"


def test_a_folder_that_a_user_has_renamed_outlives_the_deployment(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.framework.create(wanted)
    deployment.grafana.folders[FOLDER] |= {"title": "Renamed", "version": 2}
    deployment.framework.delete(wanted)
    assert deployment.grafana.dashboards == {}
    assert deployment.grafana.folders[FOLDER]["title"] == "Renamed"


@pytest.mark.parametrize("tags", [(), ("fleet",), ("penstock:penstock:anotherone",)])
def test_a_dashboard_with_our_uid_that_is_not_ours_is_refused_and_left_alone(
    deployment: Deployment, tags: tuple[str, ...]
) -> None:
    deployment.grafana.add_dashboard("penstock-a", "Theirs", tags=tags)
    wanted = deployment.properties("a")
    with pytest.raises(ControlError, match=r"dashboard penstock-a \('Theirs'\) does not carry the tag"):
        deployment.framework.create(wanted)
    deployment.framework.delete(wanted)
    assert deployment.titles == {"penstock-a": "Theirs"}
    assert deployment.nothing_stays()


def test_a_data_source_with_our_uid_that_is_not_ours_is_refused_and_left_alone(deployment: Deployment) -> None:
    theirs = {"uid": "penstock-metrics", "name": "Theirs", "version": 1}
    deployment.grafana.data_sources["penstock-metrics"] = theirs
    with pytest.raises(ControlError, match="is not marked as 'penstock:penstock:1a2b3c4d' and was left alone"):
        deployment.framework.create(deployment.properties())
    deployment.framework.delete(deployment.properties())
    assert deployment.grafana.data_sources["penstock-metrics"] is theirs


def test_a_title_or_name_that_is_taken_is_refused_with_the_fix(deployment: Deployment) -> None:
    deployment.framework.create(deployment.properties("a"))
    deployment.grafana.add_dashboard("mine", "Fleet b", folder=FOLDER)
    with pytest.raises(ControlError, match="rename or move the dashboard that is in the way"):
        deployment.framework.update(deployment.properties("b"), deployment.properties("a"))
    deployment.grafana.folders["other"] = {"uid": "other", "title": "Cars", "version": 1}
    with pytest.raises(ControlError, match="choose another folder_title"):
        other = deployment.properties("a") | {"FolderUid": "cars", "FolderTitle": "Cars"}
        deployment.framework.update(other, deployment.properties("a"))
    deployment.grafana.data_sources["own"] = {"uid": "own", "name": "second", "version": 1}
    with pytest.raises(ControlError, match="own is called 'second' already; choose another name"):
        deployment.framework.update(deployment.properties(sources=("second",)), deployment.properties("a"))
    assert deployment.titles["mine"] == "Fleet b"
    assert deployment.nothing_stays()


def test_a_dashboard_that_changes_meanwhile_is_looked_at_again(deployment: Deployment) -> None:
    old, new = deployment.properties("a"), deployment.properties("a", title="Cars")
    deployment.framework.create(old)
    edits = iter(["edited once", "edited twice"])

    def edit(method: str, path: str) -> None:
        if (method, path) == ("POST", "/api/dashboards/db") and (title := next(edits, "")):
            deployment.grafana.add_dashboard("penstock-a", title, folder=FOLDER, tags=(MARK,))

    deployment.grafana.before = edit
    deployment.framework.update(new, old)
    assert deployment.titles == {"penstock-a": "Cars a"}
    assert deployment.grafana.dashboards["penstock-a"]["dashboard"]["version"] == 4


def test_a_dashboard_that_somebody_takes_over_meanwhile_is_left_to_them(deployment: Deployment) -> None:
    old, new = deployment.properties("a"), deployment.properties("a", title="Cars")
    deployment.framework.create(old)

    def take_over(method: str, path: str) -> None:
        if (method, path) == ("POST", "/api/dashboards/db"):
            deployment.grafana.before = lambda _method, _path: None
            deployment.grafana.add_dashboard("penstock-a", "Mine now", folder=FOLDER, tags=())

    deployment.grafana.before = take_over
    with pytest.raises(ControlError, match="does not carry the tag"):
        deployment.framework.update(new, old)
    assert deployment.titles == {"penstock-a": "Mine now"}


def test_what_never_stops_changing_is_given_up_after_a_while(deployment: Deployment) -> None:
    conflict = {"message": "changed", "status": "version-mismatch"}
    deployment.grafana.fail("POST", "/api/dashboards/db", 412, body=conflict, times=10_000)
    begin = deployment.aws.world.time
    with pytest.raises(UnavailableError, match="changed by somebody else 5 times in a row"):
        deployment.framework.create(deployment.properties("a"))
    assert 900 <= elapsed(deployment, begin).total_seconds() < 1200
    assert deployment.nothing_stays()


def test_a_folder_and_a_data_source_that_change_meanwhile_are_looked_at_again(deployment: Deployment) -> None:
    old = deployment.properties("a")
    new = old | {"FolderTitle": "Cars", "DataSources": [deployment.source("metrics", Region="eu-west-1")]}
    deployment.framework.create(old)

    def edit(method: str, _path: str) -> None:
        if method == "PUT":
            deployment.grafana.before = edit_again
            deployment.grafana.data_sources["penstock-metrics"]["version"] += 1

    def edit_again(_method: str, path: str) -> None:
        if path.startswith("/api/folders"):
            deployment.grafana.before = lambda _method, _path: None
            deployment.grafana.folders[FOLDER]["version"] += 1

    deployment.grafana.before = edit
    # The folder is changed between being read and being written.
    deployment.grafana.fail("PUT", f"/api/folders/{FOLDER}", 412, body={"status": "version-mismatch"})
    deployment.framework.update(new, old)
    assert deployment.grafana.folders[FOLDER]["title"] == "Cars"
    assert deployment.grafana.data_sources["penstock-metrics"]["jsonData"]["sigV4Region"] == "eu-west-1"


def test_an_expired_token_is_replaced_by_a_new_one_of_the_same_account(deployment: Deployment) -> None:
    expired: list[str] = []

    def expire(method: str, path: str) -> None:
        if method == "POST" and not expired:
            expired.append(path)
            deployment.grafana.tokens = dict.fromkeys(deployment.grafana.tokens, deployment.aws.world.time)

    deployment.grafana.before = expire
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert deployment.aws.calls.count("CreateWorkspaceServiceAccountToken") == 2
    assert deployment.aws.calls.count("CreateWorkspaceServiceAccount") == 1
    assert deployment.nothing_stays()


def test_tokens_that_are_all_refused_are_an_error_and_the_account_goes(deployment: Deployment) -> None:
    deployment.grafana.fail("GET", ".*", 401, times=1000)
    with pytest.raises(ControlError, match="refused 4 new tokens one after the other"):
        deployment.framework.create(deployment.properties("a"))
    assert deployment.nothing_stays()


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(deployment: Deployment, status: int) -> None:
    deployment.grafana.fail("POST", "/api/dashboards/db", status, body=b"<html>Bad gateway</html>", times=3)
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert deployment.aws.world.slept[-3:] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [0, 503])
@pytest.mark.parametrize("path", ["/api/dashboards/db", "/api/folders", "/api/datasources"])
def test_a_request_whose_answer_got_lost_may_be_repeated(deployment: Deployment, path: str, status: int) -> None:
    deployment.grafana.fail("POST", path, status, after=True)
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert list(deployment.grafana.data_sources) == ["penstock-metrics"]


def test_retry_after_is_heeded_in_seconds_and_as_a_date(deployment: Deployment) -> None:
    world = deployment.aws.world
    deployment.grafana.fail("POST", "/api/folders", 429, headers={"Retry-After": "17"})
    deployment.framework.create(deployment.properties())
    assert 17.0 in world.slept
    deployment.framework.delete(deployment.properties())

    def at(method: str, path: str) -> None:
        if (method, path) == ("POST", "/api/folders"):
            deployment.grafana.before = lambda _method, _path: None
            date = format_datetime(world.time + timedelta(seconds=23), usegmt=True)
            deployment.grafana.fail(method, path, 503, headers={"Retry-After": date})

    deployment.grafana.before = at
    deployment.framework.create(deployment.properties())
    assert 23.0 in world.slept


@pytest.mark.parametrize("header", ["soon", "99999"])
def test_a_retry_after_that_is_no_use_ends_in_the_next_poll(deployment: Deployment, header: str) -> None:
    deployment.grafana.fail("POST", "/api/folders", 503, headers={"Retry-After": header})
    deployment.framework.create(deployment.properties())
    assert max(deployment.aws.world.slept) <= 60
    assert deployment.nothing_stays()


def test_a_grafana_that_stays_away_fails_the_deployment_with_its_last_answer(deployment: Deployment) -> None:
    deployment.grafana.fail("GET", ".*", 503, body={"message": "warming up"}, times=10_000)
    begin = deployment.aws.world.time
    with pytest.raises(UnavailableError, match="last 503 warming up"):
        deployment.framework.create(deployment.properties("a"))
    assert 900 <= elapsed(deployment, begin).total_seconds() < 1200
    assert deployment.nothing_stays()


@pytest.mark.parametrize(
    ("status", "says"), [(403, "network access control"), (302, "expected no redirect"), (400, "with 400 bad title")]
)
def test_a_refusal_fails_at_once_and_says_why(deployment: Deployment, status: int, says: str) -> None:
    deployment.grafana.fail("POST", "/api/dashboards/db", status, body={"message": "bad title"}, times=1000)
    with pytest.raises(ControlError, match=says):
        deployment.framework.create(deployment.properties("a"))
    assert deployment.nothing_stays()


def test_a_half_finished_earlier_run_is_finished_and_its_leftovers_go(deployment: Deployment) -> None:
    """A function was killed after the folder and one dashboard, with its account and token still there."""
    deployment.grafana.folders[FOLDER] = {"uid": FOLDER, "title": "Penstock", "version": 3}
    deployment.grafana.add_dashboard("penstock-a", "Half done", folder=FOLDER, tags=(MARK,))
    deployment.grafana.add_dashboard("penstock-gone", "No longer wanted", folder="", tags=(MARK,))
    for name in ("grafana-user", "terraform", ACCOUNT, "other"):
        deployment.aws.add_account(name)
    deployment.framework.create(deployment.properties("a", "b"))
    assert deployment.titles == {"penstock-a": "Fleet a", "penstock-b": "Fleet b"}
    assert sorted(deployment.aws.accounts.values()) == ["grafana-user", "other", "terraform"]
    assert deployment.grafana.tokens == {}


def test_a_create_that_fails_half_way_is_undone_by_its_delete(deployment: Deployment) -> None:
    deployment.grafana.folders[FOLDER] = {"uid": FOLDER, "title": "Penstock", "version": 1}
    deployment.grafana.add_dashboard("penstock-b", "Somebody's", folder=FOLDER)
    wanted = deployment.properties("a", "b")
    with pytest.raises(ControlError, match="penstock-b"):
        deployment.framework.create(wanted)
    assert set(deployment.grafana.dashboards) == {"penstock-a", "penstock-b"}
    deployment.framework.delete(wanted)
    assert deployment.titles == {"penstock-b": "Somebody's"}
    assert deployment.grafana.data_sources == {}
    assert deployment.nothing_stays()


def test_an_account_that_cannot_be_deleted_is_deleted_by_the_next_poll(deployment: Deployment) -> None:
    deployment.aws.errors["DeleteWorkspaceServiceAccount"] = ["ThrottlingException"]
    deployment.framework.create(deployment.properties("a"))
    assert deployment.aws.calls.count("CreateWorkspaceServiceAccount") == 2
    assert deployment.nothing_stays()


def test_a_failure_to_delete_the_account_does_not_hide_the_error_before_it(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.aws.errors["DeleteWorkspaceServiceAccount"] = ["InternalServerException"]
    deployment.grafana.fail("POST", "/api/dashboards/db", 400, body={"message": "bad"})
    with pytest.raises(ControlError, match="with 400 bad"):
        deployment.framework.create(deployment.properties("a"))
    assert "stays until the next run" in caplog.text
    assert not deployment.nothing_stays()
    deployment.framework.delete(deployment.properties("a"))
    assert deployment.nothing_stays()


def test_an_account_that_somebody_else_deleted_is_no_trouble(deployment: Deployment) -> None:
    def delete(_method: str, path: str) -> None:
        if path == "/api/search":
            deployment.aws.accounts.clear()

    deployment.grafana.before = delete
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}


@pytest.mark.parametrize(
    "operation",
    ["DescribeWorkspace", "CreateWorkspaceServiceAccount", "CreateWorkspaceServiceAccountToken", "GetObject"],
)
def test_a_permission_that_is_not_in_force_yet_is_waited_for(deployment: Deployment, operation: str) -> None:
    deployment.aws.errors[operation] = ["AccessDeniedException"] * 2
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert deployment.nothing_stays()


def test_a_permission_that_is_missing_for_good_fails_after_three_minutes(deployment: Deployment) -> None:
    deployment.aws.errors["CreateWorkspaceServiceAccount"] = ["AccessDeniedException"] * 100
    begin = deployment.aws.world.time
    with pytest.raises(MissingPermissionError, match="cannot create a service account of workspace g-0123456789"):
        deployment.framework.create(deployment.properties("a"))
    assert 180 <= elapsed(deployment, begin).total_seconds() < 300


def test_a_quota_that_is_used_up_fails_at_once(deployment: Deployment) -> None:
    deployment.aws.errors["CreateWorkspaceServiceAccount"] = ["ServiceQuotaExceededException"]
    with pytest.raises(ControlError, match="ServiceQuotaExceededException"):
        deployment.framework.create(deployment.properties("a"))


@pytest.mark.parametrize("status", ["CREATING", "UPDATING", "VERSION_UPDATING"])
def test_a_busy_workspace_is_waited_for(deployment: Deployment, status: str) -> None:
    deployment.aws.status = status
    with pytest.raises(UnavailableError, match=f"workspace g-0123456789 is {status}"):
        deployment.framework.create(deployment.properties("a"))
    assert deployment.aws.calls.count("DescribeWorkspace") > 10
    deployment.aws.status = "ACTIVE"
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}


@pytest.mark.parametrize("status", ["MISSING", "DELETING", "CREATION_FAILED", "FAILED"])
def test_with_a_workspace_that_is_gone_a_delete_has_nothing_to_do(deployment: Deployment, status: str) -> None:
    deployment.aws.status = status
    with pytest.raises((WorkspaceMissingError, ControlError)):
        deployment.framework.create(deployment.properties("a"))
    assert deployment.framework.delete(deployment.properties("a"))["Data"] == {"Url": ""}
    assert deployment.grafana.requests == []


def test_a_failed_update_leaves_a_workspace_usable(deployment: Deployment) -> None:
    deployment.aws.status = "UPDATE_FAILED"
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}


def test_another_workspace_or_folder_is_another_resource(deployment: Deployment) -> None:
    first = deployment.framework.create(deployment.properties("a"))
    other = deployment.properties("a") | {"FolderUid": "cars", "FolderTitle": "C", "Mark": owner_mark("cars", "1")}
    other["Dashboards"] = [each | {"Uid": "cars-a"} for each in other["Dashboards"]]
    other["DataSources"] = []
    second = deployment.framework.update(other, deployment.properties("a"))
    assert first["PhysicalResourceId"] != second["PhysicalResourceId"]
    assert set(deployment.grafana.dashboards) == {"penstock-a", "cars-a"}, "CloudFormation deletes the old one later"


@pytest.mark.parametrize(
    "changes",
    [
        {"Dashboards": [{"Uid": "penstock-a", "Bucket": "b"}]},
        {"Dashboards": "penstock-a"},
        {"DataSources": [{"Uid": 1}]},
        {"WorkspaceId": ""},
        {"Mark": None},
    ],
)
def test_properties_that_make_no_sense_fail_before_anything_is_done(
    deployment: Deployment, changes: dict[str, Any]
) -> None:
    with pytest.raises(PenstockError, match="expected the property"):
        deployment.framework.create(deployment.properties("a") | changes)
    assert deployment.framework.failed_in == "on_event"
    assert deployment.aws.calls == []


def test_a_dashboard_that_is_no_json_object_fails(deployment: Deployment) -> None:
    wanted = deployment.properties("a")
    deployment.aws.objects["a-Fleet.json"] = b"[]"
    with pytest.raises(PenstockError, match="to hold a JSON object, got list"):
        deployment.framework.create(wanted)


@pytest.mark.parametrize(
    ("path", "what"), [("/api/folders", "folder penstock"), ("/api/datasources", "data source penstock-metrics")]
)
def test_a_folder_or_data_source_that_comes_and_goes_is_given_up(deployment: Deployment, path: str, what: str) -> None:
    def come_and_go(method: str, asked: str) -> None:
        state = deployment.grafana.folders if path == "/api/folders" else deployment.grafana.data_sources
        uid = what.rpartition(" ")[2]
        if (method, asked) == ("POST", path):
            state[uid] = {"uid": uid, "title": "x", "name": "y", "version": 1, "jsonData": {OWNER_FIELD: MARK}}
        elif method == "PUT":
            state.pop(uid, None)

    deployment.grafana.before = come_and_go
    with pytest.raises(UnavailableError, match=f"{what} was changed by somebody else 5 times in a row"):
        deployment.framework.update(deployment.properties(), deployment.properties())


def test_a_date_without_a_time_zone_is_in_utc(deployment: Deployment) -> None:
    date = (deployment.aws.world.time + timedelta(seconds=60 + 41)).strftime("%a, %d %b %Y %H:%M:%S -0000")
    deployment.grafana.fail("GET", "/api/folders/penstock", 503, headers={"Retry-After": date})
    deployment.framework.create(deployment.properties())
    # The event came a minute in, the first poll 30 seconds later.
    assert 11.0 in deployment.aws.world.slept


def test_an_endpoint_that_cannot_be_reached_is_waited_for(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://grafana.eu-central-1.amazonaws.com")

    class Client:
        describe_workspace = staticmethod(unreachable)

    monkeypatch.setattr(deployment.aws, "client", lambda *_, **__: Client())
    with pytest.raises(UnavailableError, match="cannot describe workspace g-0123456789 at present"):
        deployment.framework.create(deployment.properties())


@pytest.mark.parametrize("trouble", [ConnectTimeoutError, ReadTimeoutError, EndpointConnectionError])
def test_a_bucket_that_cannot_be_reached_is_waited_for(deployment: Deployment, trouble: type[Exception]) -> None:
    wanted = deployment.properties("a")
    broken = trouble(endpoint_url="https://assets.s3.eu-central-1.amazonaws.com/")  # type: ignore[call-arg]
    deployment.aws.errors["GetObject"] = [broken] * 3
    deployment.framework.create(wanted)
    assert deployment.titles == {"penstock-a": "Fleet a"}
    deployment.aws.errors["GetObject"] = [broken] * 1000
    with pytest.raises(UnavailableError, match="cannot read dashboard s3://assets/a-Fleet.json at present"):
        deployment.framework.update(wanted, wanted)


def reset(_data: bytes) -> bytes:
    raise ProtocolError


def stall(_data: bytes) -> bytes:
    raise SlowTransferError(None, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("transfer", [reset, stall, lambda data: data[:5]], ids=["reset", "stalled", "cut short"])
def test_a_dashboard_whose_transfer_breaks_off_is_read_again(deployment: Deployment, transfer: Any) -> None:
    wanted = deployment.properties("a")
    deployment.aws.transfers = [transfer]
    deployment.framework.create(wanted)
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert deployment.aws.calls.count("GetObject") == 2
    assert deployment.nothing_stays()


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeWorkspace",
        "ListWorkspaceServiceAccounts",
        "CreateWorkspaceServiceAccount",
        "CreateWorkspaceServiceAccountToken",
        "DeleteWorkspaceServiceAccount",
    ],
)
def test_a_call_of_managed_grafana_that_gets_no_answer_is_waited_for(deployment: Deployment, operation: str) -> None:
    deployment.aws.errors[operation] = [ReadTimeoutError(endpoint_url="https://grafana.eu-central-1.amazonaws.com/")]
    deployment.framework.create(deployment.properties("a"))
    assert deployment.titles == {"penstock-a": "Fleet a"}
    assert deployment.nothing_stays()


def test_no_token_is_logged(deployment: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="cdk_penstock")
    deployment.grafana.fail("POST", "/api/folders", 503)
    deployment.framework.create(deployment.properties("a"))
    assert "folder penstock is there" in caplog.text
    assert "glsa_" not in caplog.text


def test_the_entry_points_use_the_functions_own_role_and_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[GrafanaServices] = []

    class Handler(GrafanaContentHandler):
        def __init__(self, services: GrafanaServices) -> None:
            seen.append(services)
            super().__init__(services)

        def is_complete(self, event: Any) -> Any:  # type: ignore[misc]
            return {"IsComplete": event.is_delete}

    monkeypatch.setattr(grafana_content_handler, "GrafanaContentHandler", Handler)
    event = {
        "RequestType": "Delete",
        "PhysicalResourceId": "id",
        "ResourceProperties": {"WorkspaceId": WORKSPACE_ID, "Mark": MARK},
    }
    assert grafana_content_handler.on_event(event, None)["PhysicalResourceId"] == "id"
    assert grafana_content_handler.is_complete(event, None) == {"IsComplete": True}
    connection = seen[0].connect(HOST)
    assert (connection.host, connection.port) == (HOST, 443)
    assert connection._context.check_hostname is True  # type: ignore[attr-defined]
