"""The status page: what it loads, what its script may do, and what it makes of texts that callers chose."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from cdk_penstock.local.service import status_page
from cdk_penstock.local.service.status_page import PAGE_FILES
from tests.local.service.admin_service import HOSTILE, KEY, AdminService

FOLDER = Path(str(files(status_page)))
FAKE_DOCUMENT = Path(__file__).with_name("fake_document.mjs").as_uri()
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir() if path.name in PAGE_FILES}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> AdminService:
    """Return a service with an application whose texts are hostile."""
    made = AdminService(tmp_path_factory.mktemp("page"))
    made.create(HOSTILE, ApplicationDescription=f"{HOSTILE} description", key=KEY)
    made.do("StartApplication", ApplicationName=HOSTILE)
    made.carry_on()
    made.do("CreateApplicationSnapshot", ApplicationName=HOSTILE, SnapshotName=f"{HOSTILE} snapshot")
    made.carry_on()
    job = made.driver.jobs[made.uid(HOSTILE)]
    job.error, job.restarts = f"{HOSTILE} error", 2
    return made


def node(script: str) -> Any:
    """Run a module in Node.js, which knows the page's modules, and return what it printed as JSON."""
    names = {"format": FOLDER / "format.mjs", "view": FOLDER / "view.mjs"}
    imports = "".join(f"import * as {name} from {json.dumps(path.as_uri())};\n" for name, path in names.items())
    program = f"import {{ elements, texts }} from {json.dumps(FAKE_DOCUMENT)};\n{imports}{script}"
    command = ["node", "--no-warnings", "--input-type=module", "--eval", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


class References(HTMLParser):
    """The addresses, scripts and styles in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.addresses += [str(given[name]) for name in ("src", "href", "action", "data", "srcset") if name in given]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        self.ids += [str(given["id"])] if "id" in given else []

    def handle_data(self, data: str) -> None:
        if self.lasttag in {"script", "style"} and data.strip() and self.rawdata[: self.offset].endswith(">"):
            self.inline.append(data)


@pytest.mark.parametrize("name", PAGE_FILES)
def test_a_file_of_the_page_is_served_with_its_type(service: AdminService, name: str) -> None:
    answer = service.call("GET", "/" if name == "page.html" else f"/_page/{name}")
    assert (answer.status, answer.body) == (200, SOURCES[name].encode())
    assert answer.headers["content-type"].partition(";")[0] == PAGE_FILES[name]
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/_page/", "/_page/__init__.py", "/_page/../page.html", "/_page/page.html"])
def test_nothing_else_is_served(service: AdminService, path: str) -> None:
    assert service.call("GET", path).status == 404


def test_the_page_loads_only_files_of_this_server_and_has_no_inline_code(service: AdminService) -> None:
    page = References(service.call("GET", "/").body.decode())
    assert sorted(page.addresses) == ["/_page/icon.svg", "/_page/page.css", "/_page/page.mjs"]
    assert all(service.call("GET", address).status == 200 for address in page.addresses)
    assert page.inline == []


@pytest.mark.parametrize("name", PAGE_FILES)
def test_no_file_names_another_server(name: str) -> None:
    urls = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*|@import|url\(", SOURCES[name]))
    assert urls - {"http://www.w3.org/2000/svg"} == set()


@pytest.mark.parametrize("name", [name for name in PAGE_FILES if name.endswith(".mjs")])
def test_no_script_makes_html_or_code_of_a_text(name: str) -> None:
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\b"
        r"|new Function|javascript:|setTimeout\([\"'`]|setInterval\([\"'`]"
    )
    assert re.findall(sinks, SOURCES[name]) == []


def test_the_policy_of_the_page_allows_no_inline_code_and_no_html_of_text(service: AdminService) -> None:
    policy = service.call("GET", "/").headers["content-security-policy"]
    directives = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["base-uri"] == directives["form-action"] == directives["frame-ancestors"] == "'none'"
    assert (directives["require-trusted-types-for"], directives["trusted-types"]) == ("'script'", "'none'")


def test_every_element_that_the_script_looks_for_is_in_the_page(service: AdminService) -> None:
    page = References(SOURCES["page.html"])
    wanted = set(re.findall(r'byId\("([\w-]+)"\)', SOURCES["page.mjs"]))
    assert wanted <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_tells_a_screen_reader_what_changes_and_has_both_themes_and_phones() -> None:
    assert SOURCES["page.html"].count('aria-live="polite"') == 2
    assert 'role="alert"' in SOURCES["page.html"]
    assert '<html lang="en">' in SOURCES["page.html"]
    for rule in ("(prefers-color-scheme: dark)", "(max-width: ", "(prefers-reduced-motion: ", ":focus-visible"):
        assert rule in SOURCES["page.css"]


def test_the_first_call_that_an_empty_page_shows_creates_and_starts_an_application(tmp_path: Path) -> None:
    source = SOURCES["page.mjs"]
    shown = source[source.index('byId("empty-example")') :]
    lines = re.findall(r"^    (\"[^\n]*\"|'[^\n]*'),$", shown[: shown.index("].join")], re.MULTILINE)
    code = "\n".join(str(json.loads(line) if line[0] == '"' else line[1:-1]) for line in lines)
    service = AdminService(tmp_path)

    class Client:
        def create_bucket(self, **given: Any) -> None:
            assert set(given) == {"Bucket", "CreateBucketConfiguration"}

        def upload_file(self, file: str, bucket: str, key: str) -> None:
            assert (file, bucket, key) == ("job.zip", "code", "job.zip")

        def create_application(self, **given: Any) -> None:
            service.do("CreateApplication", **given)

        def start_application(self, **given: Any) -> None:
            service.do("StartApplication", **given)

    class Boto3:
        client = staticmethod(lambda _name: Client())

    exec(compile(code.replace("import boto3\n", ""), "example", "exec"), {"boto3": Boto3})  # noqa: S102 - our own text
    service.carry_on()
    assert [each.status.value for each in service.msf.store.all_applications()] == ["RUNNING"]


ROWS = """
const calls = [];
const called = (action) => (each) => calls.push([action, each.name]);
const actions = { toggle: called("toggle"), open: called("open") };
const clock = () => Date.parse(state.now);
const rows = state.applications.flatMap((each) => view.applicationRows(each, true, actions, clock));
"""


def rows_of(state: Any, result: str) -> Any:
    return node(f"const state = {json.dumps(state)};\n{ROWS}\nconsole.log(JSON.stringify({result}));")


def test_hostile_texts_stay_texts(service: AdminService) -> None:
    state = service.call("GET", "/_admin/state").document
    tags, texts = rows_of(state, "[rows.flatMap(elements).map((each) => each.tag), rows.flatMap(texts)]")
    known = {"tr", "th", "td", "table", "caption", "thead", "tbody", "button", "div", "span", "time", "h3", "p"}
    assert set(tags) <= known
    expected = [HOSTILE, f"{HOSTILE} description", f"{HOSTILE} snapshot", f"The job: {HOSTILE} error"]
    assert set(expected) <= set(texts)


def test_no_text_of_a_caller_becomes_an_attribute_that_can_run_code(service: AdminService) -> None:
    state = service.call("GET", "/_admin/state").document
    names = set(rows_of(state, "rows.flatMap(elements).flatMap((each) => Object.keys(each.attributes))"))
    assert names <= {
        "aria-controls", "aria-expanded", "aria-label", "class", "colspan", "data-ago", "data-focus", "data-label",
        "data-since", "datetime", "hidden", "id", "role", "scope", "title", "type",
    }  # fmt: skip


def test_buttons_open_the_details_and_the_flink_page(service: AdminService) -> None:
    state = service.call("GET", "/_admin/state").document
    press = (
        "(rows.flatMap(elements).filter((each) => each.tag === 'button').forEach((b) => b.listeners.click()), calls)"
    )
    assert rows_of(state, press) == [["toggle", HOSTILE], ["open", HOSTILE]]


def test_a_row_has_versions_snapshots_and_operations_and_exact_times_in_titles(service: AdminService) -> None:
    state = service.call("GET", "/_admin/state").document
    texts, titles = rows_of(
        state,
        "[rows.flatMap(texts), rows.flatMap(elements).filter((e) => e.tag === 'time').map((e) => e.attributes.title)]",
    )
    assert {"Versions", "Snapshots", "Operations", "StartApplication", "SUCCESSFUL", "RUNNING"} <= set(texts)
    assert "1234abcd-12ab-34cd-56ef-1234567890ab" in texts
    assert titles
    assert all(re.fullmatch(r"2026-01-01 00:00:\d\d\.\d{3} UTC", title) for title in titles)


def test_what_is_unusual_is_shown_in_words(tmp_path: Path) -> None:
    service = AdminService(tmp_path)
    service.run("orders")
    faults = {"looping_job": True, "hanging_operations": True, "transition_seconds": 2, "throttled_calls": 3}
    service.call("PUT", "/_admin/applications/orders/faults", faults)
    encryption = {"KeyTypeUpdate": "CUSTOMER_MANAGED_KEY", "KeyIdUpdate": KEY}
    service.msf.faults.clear()
    service.do(
        "UpdateApplication",
        ApplicationName="orders",
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate={"ApplicationEncryptionConfigurationUpdate": encryption},
    )
    service.call("PUT", "/_admin/applications/orders/faults", faults)
    service.call("PUT", f"/_admin/keys/{KEY}/disabled")
    state = service.call("GET", "/_admin/state").document
    (application,) = state["applications"]
    application["current_parallelism"] = 4
    shown = "".join(rows_of(state, "rows.flatMap(texts).map((each) => `${each}|`)"))
    for text in (
        "2| (1 runs)|",
        "4 (1 configured)|",
        "UPDATING|",
        "job RESTARTING| 1000 restarts|",
        "faults on|",
        "not enabled|",
        "effective| |AWS-owned|",
        "Faults on request: operations hang; the job loops; 3 more calls are throttled; ",
        "each status lasts at least 2 s.",
    ):
        assert text in shown, text


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("format.duration(-5)", "0.0 s"),
        ("format.duration(1234)", "1.2 s"),
        ("format.duration(9949)", "9.9 s"),
        ("format.duration(9950)", "10 s"),
        ("format.duration(59400)", "59 s"),
        ("format.duration(59999)", "1 min"),
        ("format.duration(250000)", "4 min 10 s"),
        ("format.duration(3600000)", "1 h"),
        ("format.duration(90061000)", "1 d 1 h"),
        ("format.ago(1000, 0)", "just now"),
        ("format.ago(0, 4999)", "just now"),
        ("format.ago(0, 5000)", "5 s ago"),
        ("format.ago(0, 119999)", "1 min ago"),
        ("format.ago(0, 7200000)", "2 h ago"),
        ("format.ago(0, 8640000000)", "100 d ago"),
        ("format.exact(0)", "1970-01-01 00:00:00.000 UTC"),
        ("format.size(0)", "0 B"),
        ("format.size(1023)", "1023 B"),
        ("format.size(1536)", "1.5 KiB"),
        ("format.size(5 * 1024 ** 3)", "5.0 GiB"),
        ("format.keyName(null)", "AWS-owned"),
        (f"format.keyName({KEY!r})", "1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("format.mood('RUNNING') + format.mood('FAILED') + format.mood('UPDATING')", "goodbadbusy"),
        ("format.summary([])", "0 applications"),
        ("format.summary([{status: 'READY'}])", "1 application: 1 READY"),
        (
            "format.summary([{status: 'RUNNING'}, {status: 'READY'}, {status: 'RUNNING'}])",
            "3 applications: 1 READY, 2 RUNNING",
        ),
    ],
)
def test_figures_are_written_for_people(call: str, expected: str, written: dict[str, str]) -> None:
    assert written[call] == expected


@pytest.fixture(scope="module")
def written(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the texts of all calls: one start of Node.js for all."""
    mark = next(each for each in test_figures_are_written_for_people.pytestmark if each.name == "parametrize")  # type: ignore[attr-defined]
    calls = [call for call, _ in mark.args[1]]
    pairs = ", ".join(f"[{json.dumps(call)}, {call}]" for call in calls)
    return dict(node(f"console.log(JSON.stringify([{pairs}]));"))
