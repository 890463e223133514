"""Grafana's HTTP API on loopback, and Managed Grafana's and S3's behind real boto3 clients.

The HTTP server keeps folders, dashboards and data sources, and answers as Grafana does: versions, name conflicts,
tokens that expire, faults on demand. The boto3 clients are real ones whose requests never leave this process: botocore
checks each against the service model, and parses the answers.
"""

from __future__ import annotations

import copy
import io
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from cdk_penstock.control.clients import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

WORKSPACE_ID = "g-0123456789"
HOST = f"{WORKSPACE_ID}.grafana-workspace.eu-central-1.amazonaws.com"
BUCKET = "assets"

Reply = tuple[int, Any]


@dataclass
class Fault:
    """An answer instead of Grafana's own, for the next requests that match."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1
    after: bool = False
    """True if the request is done all the same, and only its answer gets lost."""


class World:
    """The time, which only sleeping moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, tzinfo=UTC)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, sleep=self.sleep)


class FakeGrafana:
    """The state of one Grafana."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folders: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.data_sources: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, datetime] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.before: Callable[[str, str], None] = lambda _method, _path: None
        self.unindexed: set[str] = set()
        self.library_panels = 0
        self.counts = True
        self.plugins = {"prometheus", "grafana-amazonprometheus-datasource"}
        self._ids = iter(range(1, 10_000))
        self._server: ThreadingHTTPServer | None = None

    def connect(self, host: str) -> HTTPConnection:
        assert host == HOST
        assert self._server is not None
        return HTTPConnection("127.0.0.1", self._server.server_port, timeout=5)

    def fail(self, method: str, path: str, status: int, **options: Any) -> None:
        """Answer the next matching requests with this status; 0 breaks the connection."""
        self.faults.append(Fault(method, path, status, **options))

    def add_dashboard(self, uid: str, title: str, *, folder: str = "", tags: tuple[str, ...] = ()) -> None:
        """Save a dashboard as a user does."""
        content = {"title": title, "tags": list(tags)}
        body = {"dashboard": {**content, "uid": uid, "version": self._version(uid)}, "folderUid": folder}
        status, answer = self._save_dashboard(body)
        assert status == 200, answer

    def _version(self, uid: str) -> int:
        return self.dashboards[uid]["dashboard"]["version"] if uid in self.dashboards else 0

    def answer(self, method: str, url: str, token: str, body: Any) -> tuple[Reply, dict[str, str]]:
        path, query = urlsplit(url).path, {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        self.requests.append(f"{method} {path}")
        self.before(method, path)
        for fault in self.faults:
            if fault.method == method and re.fullmatch(fault.path, path) and fault.times:
                fault.times -= 1
                if fault.after:
                    self._route(method, path, query, body)
                return (fault.status, fault.body), fault.headers
        if token not in self.tokens or self.tokens[token] <= self.world.time:
            return (401, {"message": "Invalid API key"}), {}
        return self._route(method, path, query, body), {}

    def _route(self, method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        match (method, *parts):
            case ("GET", "api", "search"):
                return 200, self._search(query)
            case ("GET", "api", "folders", uid, "counts"):
                inside = [d for d in self.dashboards.values() if d["meta"]["folderUid"] == uid]
                counts = {"dashboard": len(inside), "folder": 0, "librarypanel": self.library_panels}
                return (200, counts) if self.counts else (404, {"message": "Not found"})
            case (_, "api", "folders", *rest):
                return self._folder(method, rest, body)
            case ("POST", "api", "dashboards", "db"):
                return self._save_dashboard(body)
            case (_, "api", "dashboards", "uid", uid):
                return self._dashboard(method, uid)
            case ("GET", "api", "plugins", plugin, "settings") if plugin in self.plugins:
                return 200, {"id": plugin, "type": "datasource"}
            case (_, "api", "datasources", *rest):
                return self._data_source(method, rest[1:], body)
        return 404, {"message": "Not found"}

    def _search(self, query: dict[str, str]) -> list[dict[str, Any]]:
        assert int(query["limit"]) <= 5000
        hits = [
            {"uid": uid, "title": d["dashboard"]["title"], "type": "dash-db", "folderUid": d["meta"]["folderUid"]}
            for uid, d in self.dashboards.items()
            if uid not in self.unindexed and query.get("tag") in {None, *d["dashboard"].get("tags", [])}
        ]
        return [hit for hit in hits if query.get("folderUIDs") in {None, hit["folderUid"]}]

    def _folder(self, method: str, rest: list[str], body: Any) -> Reply:
        if method == "POST":
            if body["uid"] in self.folders:
                return 409, {"message": "a folder with the same UID already exists"}
            return self._save_folder(body["uid"], body["title"], 1)
        uid = rest[0]
        folder = self.folders.get(uid)
        if folder is None:
            return 404, {"message": "folder not found", "status": "not-found"}
        if method == "GET":
            return 200, folder
        if method == "PUT":
            if body.get("version") != folder["version"]:
                return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
            return self._save_folder(uid, body["title"], folder["version"] + 1)
        # As Grafana does: whatever is inside goes too.
        self.dashboards = {k: d for k, d in self.dashboards.items() if d["meta"]["folderUid"] != uid}
        del self.folders[uid]
        return 200, {"message": "Folder deleted"}

    def _save_folder(self, uid: str, title: str, version: int) -> Reply:
        if any(other["title"] == title and other["uid"] != uid for other in self.folders.values()):
            return 409, {"message": "a folder with the same name already exists in the current location"}
        self.folders[uid] = {"uid": uid, "title": title, "version": version}
        return 200, self.folders[uid]

    def _dashboard(self, method: str, uid: str) -> Reply:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        if method == "DELETE":
            return 200, {"title": self.dashboards.pop(uid)["dashboard"]["title"], "message": "Dashboard deleted"}
        return 200, self.dashboards[uid]

    def _save_dashboard(self, body: Any) -> Reply:
        wanted = copy.deepcopy(body["dashboard"])
        uid, folder = wanted["uid"], body.get("folderUid", "")
        if folder and folder not in self.folders:
            return 404, {"message": "folder not found"}
        if not wanted.get("title"):
            return 400, {"message": "Dashboard title cannot be empty", "status": "empty-name"}
        present = self.dashboards.get(uid)
        if present and wanted.get("version", 0) != present["dashboard"]["version"] and not body.get("overwrite"):
            message = "The dashboard has been changed by someone else"
            return 412, {"message": message, "status": "version-mismatch"}
        for other_uid, other in self.dashboards.items():
            same_place = (other["dashboard"]["title"], other["meta"]["folderUid"]) == (wanted["title"], folder)
            if same_place and other_uid != uid and not body.get("overwrite"):
                message = "A dashboard with the same name in the folder already exists"
                return 412, {"message": message, "status": "name-exists"}
        version = present["dashboard"]["version"] + 1 if present else 1
        number = present["dashboard"]["id"] if present else next(self._ids)
        stored = {**wanted, "id": number, "version": version}
        self.dashboards[uid] = {"dashboard": stored, "meta": {"folderUid": folder, "version": version}}
        return 200, {"uid": uid, "status": "success", "version": version}

    def _data_source(self, method: str, rest: list[str], body: Any) -> Reply:
        if method == "GET" and not rest:
            return 200, list(self.data_sources.values())
        uid = body["uid"] if method == "POST" else rest[0]
        present = self.data_sources.get(uid)
        if method == "POST" and present:
            return 409, {"message": "data source with the same uid already exists"}
        if method != "POST" and present is None:
            return 404, {"message": "Data source not found"}
        if method == "GET":
            return 200, present
        if method == "DELETE":
            del self.data_sources[uid]
            return 200, {"message": "Data source deleted"}
        if present and body.get("version", present["version"]) != present["version"]:
            return 409, {"message": "Datasource has already been updated by someone else. Please reload and try again"}
        if any(other["name"] == body["name"] and other["uid"] != uid for other in self.data_sources.values()):
            return 409, {"message": "data source with the same name already exists"}
        version = present["version"] + 1 if present else 1
        self.data_sources[uid] = {**body, "id": next(self._ids), "version": version, "readOnly": False}
        return 200, {"datasource": self.data_sources[uid], "message": "Datasource saved"}

    def __enter__(self) -> Self:
        state = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def _serve(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                reply, headers = state.answer(self.command, self.path, token, json.loads(text) if text else None)
                status, body = reply
                if status == 0:
                    self.close_connection = True
                    return
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        for method in ("GET", "POST", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", Handler._serve)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


class FakeManagedGrafana:
    """The control plane: one workspace with its service accounts, and the objects of S3."""

    def __init__(self, grafana: FakeGrafana, world: World) -> None:
        self.grafana, self.world = grafana, world
        self.status = "ACTIVE"
        self.accounts: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.errors: dict[str, list[str | Exception]] = {}
        """By operation, the error codes of its next calls, or what breaks them; an empty code lets a call pass."""
        self.transfers: list[Callable[[bytes], bytes]] = []
        """Changes of the next objects while they are read."""
        self.page_size = 2
        self._keys: dict[str, list[str]] = {}
        self._clients: dict[str, Any] = {}
        self._ids = iter(range(1, 10_000))

    @property
    def clock(self) -> Clock:
        return self.world.clock

    def add_account(self, name: str) -> str:
        account = str(next(self._ids))
        self.accounts[account] = name
        return account

    def session(self) -> FakeManagedGrafana:
        return self

    def client(self, service: str, *, config: Config) -> Any:
        if service not in self._clients:
            self._clients[service] = self._new_client(service, config)
        return self._clients[service]

    def _new_client(self, service: str, config: Config) -> Any:
        options = config.merge(Config(retries={"total_max_attempts": 1}))
        client = boto3.client(
            service,
            region_name="eu-central-1",
            config=options,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="none",
        )
        operation = ""

        def remember(model: Any, **_: Any) -> None:
            nonlocal operation
            operation = model.name

        def answer(request: Any, **_: Any) -> AWSResponse:
            status, body = self._answer(operation, urlsplit(request.url), request)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"x-amzn-ErrorType": body["code"]} if status >= 400 else {"Content-Length": str(len(data))}
            transfer = self.transfers.pop(0) if operation == "GetObject" and self.transfers else bytes
            return AWSResponse(request.url, status, headers, _Raw(data, transfer))

        client.meta.events.register(f"before-call.{service}", remember)
        client.meta.events.register(f"before-send.{service}", answer)
        return client

    def _answer(self, operation: str, url: Any, request: Any) -> tuple[int, Any]:
        self.calls.append(operation)
        codes = self.errors.get(operation, [])
        if codes and (code := codes.pop(0)):
            if isinstance(code, Exception):
                raise code
            return 400, {"code": code, "message": f"not authorized or so: {code}"}
        if operation == "GetObject":
            return 200, self.objects[url.path.rpartition("/")[2]]
        assert WORKSPACE_ID in url.path
        if self.status == "MISSING":
            return 404, {"code": "ResourceNotFoundException", "message": "no such workspace"}
        body = json.loads(request.body) if request.body else {}
        operations = {
            "DescribeWorkspace": self._describe,
            "ListWorkspaceServiceAccounts": self._list_accounts,
            "CreateWorkspaceServiceAccount": self._create_account,
            "CreateWorkspaceServiceAccountToken": self._create_token,
            "DeleteWorkspaceServiceAccount": self._delete_account,
        }
        return operations[operation]([unquote(p) for p in url.path.strip("/").split("/")], url, body)

    def _describe(self, _parts: list[str], _url: Any, _body: Any) -> tuple[int, Any]:
        workspace = {
            "id": WORKSPACE_ID, "endpoint": HOST, "status": self.status, "created": 0, "modified": 0,
            "dataSources": [], "grafanaVersion": "12.4", "authentication": {"providers": ["AWS_SSO"]},
        }  # fmt: skip
        return 200, {"workspace": workspace}

    def _list_accounts(self, _parts: list[str], url: Any, _body: Any) -> tuple[int, Any]:
        start = int(parse_qs(url.query).get("nextToken", ["0"])[0])
        everyone = [
            {"id": number, "name": name, "isDisabled": "false", "grafanaRole": "ADMIN"}
            for number, name in self.accounts.items()
        ]
        page: dict[str, Any] = {
            "serviceAccounts": everyone[start : start + self.page_size], "workspaceId": WORKSPACE_ID
        }  # fmt: skip
        if start + self.page_size < len(everyone):
            page["nextToken"] = str(start + self.page_size)
        return 200, page

    def _create_account(self, _parts: list[str], _url: Any, body: Any) -> tuple[int, Any]:
        if body["name"] in self.accounts.values():
            return 409, {"code": "ConflictException", "message": "service account already exists"}
        number = self.add_account(body["name"])
        return 200, {"id": number, "workspaceId": WORKSPACE_ID, **body}

    def _create_token(self, parts: list[str], _url: Any, body: Any) -> tuple[int, Any]:
        key = f"glsa_{next(self._ids)}"
        self.grafana.tokens[key] = self.world.time + timedelta(seconds=body["secondsToLive"])
        self._keys.setdefault(parts[3], []).append(key)
        token = {"id": "1", "name": body["name"], "key": key}
        return 200, {"serviceAccountToken": token, "serviceAccountId": parts[3], "workspaceId": WORKSPACE_ID}

    def _delete_account(self, parts: list[str], _url: Any, _body: Any) -> tuple[int, Any]:
        if self.accounts.pop(parts[3], None) is None:
            return 404, {"code": "ResourceNotFoundException", "message": "no such service account"}
        for key in self._keys.pop(parts[3], []):
            self.grafana.tokens.pop(key, None)
        return 200, {"serviceAccountId": parts[3], "workspaceId": WORKSPACE_ID}


class _Raw(io.BytesIO):
    def __init__(self, data: bytes, transfer: Callable[[bytes], bytes]) -> None:
        super().__init__(data)
        self._transfer = transfer

    def read(self, size: int | None = -1) -> bytes:
        return self._transfer(super().read(size))

    def stream(self, **_: Any) -> Any:
        content = self.read()
        while content:
            yield content
            content = self.read()
