"""A service with its admin API and page, called in this process, and a server of it for what needs connections."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette

from cdk_penstock.local.ports import LOOPBACK, free_ports
from cdk_penstock.local.service.admin import admin_routes
from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.delayed_policies import DelayedPolicies
from cdk_penstock.local.service.feed import Feed
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.local.service.status_page import page_routes
from cdk_penstock.local.service.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ACCOUNT, REGION = "000000000000", "eu-central-1"
PORT = 4567
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
HOSTILE = "<script>alert('name')</script>"
_CODE = {
    "CodeContentType": "ZIPFILE",
    "CodeContent": {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}},
}


class TickingClock:
    """A clock that moves a little whenever somebody looks at it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now


class OneObject:
    """Objects of S3, all with the same content."""

    def __init__(self, file: Path) -> None:
        file.write_bytes(b"code")
        self._file = file

    def read(self, bucket: str, key: str) -> Path:  # noqa: ARG002 - the interface
        return self._file


class PageDriver(SimulatedDriver):
    """A driver whose jobs have a page."""

    def dashboard(self, application: str) -> str | None:
        return "http://127.0.0.1:9/#/overview" if application in self.jobs else None


@dataclass(frozen=True)
class AdminAnswer:
    """An answer: its status, its headers by their names in lowercase, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of the error."""
        return str(self.document["error"]["message"])


class AdminService:
    """The service, which a test calls as a client, as an operator and as a browser."""

    def __init__(self, folder: Path) -> None:
        self.clock = TickingClock()
        self.driver = PageDriver(folder / "savepoints", clock=self.clock)
        self.policies = DelayedPolicies(AllowAll(), clock=self.clock)
        self.feed = Feed()
        code = CodeStore(folder / "code", OneObject(folder / "job.zip"))
        self.msf = Msf(
            store=Store(folder / "db"),
            driver=self.driver,
            code=code,
            policies=self.policies,
            options=MsfOptions(clock=self.clock),
        )
        self.operations = ServiceOperations(self.msf)
        routes = [*page_routes(), *admin_routes(self.msf, self.policies, feed=self.feed)]
        self.app = Starlette(routes=routes)

    def do(self, operation: str, *, account: str = ACCOUNT, region: str = REGION, **parameters: Any) -> Any:
        """Call an operation of MSF's API."""
        caller = ApiCaller(account=account, region=region, principal_arn=f"arn:aws:iam::{account}:root")
        return self.operations.call(operation, parameters, caller)

    def create(self, name: str, *, account: str = ACCOUNT, region: str = REGION, key: str = "", **given: Any) -> None:
        """Create an application."""
        configuration: dict[str, Any] = {"ApplicationCodeConfiguration": _CODE}
        if key:
            encryption = {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": key}
            configuration["ApplicationEncryptionConfiguration"] = encryption
        self.do(
            "CreateApplication",
            account=account,
            region=region,
            ApplicationName=name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=f"arn:aws:iam::{account}:role/job",
            ApplicationConfiguration=configuration,
            **given,
        )

    def run(self, name: str, **created: Any) -> None:
        """Create an application and let it run."""
        self.create(name, **created)
        self.do("StartApplication", ApplicationName=name)
        self.carry_on()

    def carry_on(self) -> None:
        """Reconcile until nothing is left to do."""
        for _ in range(50):
            if not self.msf.reconcile():
                return
        raise AssertionError

    def uid(self, name: str) -> str:
        """Return the uid of an application."""
        return next(each.uid for each in self.msf.store.all_applications() if each.name == name)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AdminAnswer:
        """Send a request as a program does that is no browser; a header that is given empty is left out."""
        sent = {"host": f"127.0.0.1:{PORT}", "content-type": "application/json", **(headers or {})}
        data = content if content is not None else b"" if body is None else json.dumps(body).encode()
        return asyncio.run(self._answer(method, path, data, [(k, v) for k, v in sent.items() if v]))

    async def _answer(self, method: str, path: str, body: bytes, headers: list[tuple[str, str]]) -> AdminAnswer:
        raw_path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "server": (LOOPBACK, PORT),
            "client": (LOOPBACK, 1),
        }
        sent: list[Any] = []
        requests = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return requests.pop(0) if requests else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *parts = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return AdminAnswer(start["status"], found, b"".join(part.get("body", b"") for part in parts))

    @contextmanager
    def served(self) -> Iterator[int]:
        """Run a server, and give its port."""
        (port,) = free_ports(1)
        server = uvicorn.Server(uvicorn.Config(self.app, host=LOOPBACK, port=port, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        try:
            yield port
        finally:
            self.feed.close()
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive(), "the server waits for a client"
