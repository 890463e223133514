"""The changes as server-sent events: each is told once, and a client that does not read costs nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from cdk_penstock.local.service.admin.admin_events import EventStream
from cdk_penstock.local.service.admin.job_watch import JobWatch
from cdk_penstock.local.service.feed import Feed
from tests.local.service.admin_service import ACCOUNT, KEY, REGION, AdminService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/orders"


class Client:
    """A client that reads the events."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._connection.request("GET", "/_admin/events")
        self.response = self._connection.getresponse()

    def event(self) -> dict[str, str]:
        """Return the next event, with its comments left out."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n" and fields:
                return fields
            name, _, value = line.strip().partition(": ")
            if name:
                fields[name] = value
        raise EOFError

    def close(self) -> None:
        """Go."""
        self.response.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def service(tmp_path: Path) -> AdminService:
    return AdminService(tmp_path)


@pytest.fixture
def port(service: AdminService) -> Iterator[int]:
    with service.served() as port:
        yield port


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_hears_of_every_change_of_an_application_once(service: AdminService, port: int) -> None:
    with Client(port) as client:
        assert client.response.getheader("content-type") == "text/event-stream; charset=utf-8"
        assert client.response.getheader("cache-control") == "no-store"
        hello = client.event()
        assert (hello["event"], hello["id"], hello["retry"]) == ("hello", "0", "1000")
        service.run("orders")
        events = [client.event() for _ in range(service.feed.revision)]
        assert [each["id"] for each in events] == [str(number) for number in range(1, len(events) + 1)]
        assert {each["event"] for each in events} == {"change"}
        told = [json.loads(each["data"]) for each in events]
        assert {each["application"] for each in told} == {ARN}
        statuses = [each["status"] for each in told]
        assert list(dict.fromkeys(statuses)) == ["READY", "STARTING", "RUNNING"]


def test_whoever_hears_of_a_change_reads_the_new_state(service: AdminService, port: int) -> None:
    with Client(port) as client:
        client.event()
        service.create("orders")
        heard = json.loads(client.event()["data"])
        state = service.call("GET", "/_admin/state").document
        assert (state["revision"], heard["status"]) == (1, "READY")
        assert [each["arn"] for each in state["applications"]] == [heard["application"]]


@pytest.mark.parametrize(
    ("request_line", "body", "told"),
    [
        ("PUT /_admin/applications/orders/faults", {"looping_job": True}, {"application": ARN}),
        ("DELETE /_admin/applications/orders/faults", None, {"application": ARN}),
        ("PUT /_admin/iam-delay", {"seconds": 3}, {"iam_delay_seconds": 3}),
        (f"PUT /_admin/keys/{KEY}/disabled", None, {"key": KEY}),
        (f"DELETE /_admin/keys/{KEY}/disabled", None, {"key": KEY}),
    ],
)
def test_what_an_operator_changes_is_told_as_well(
    service: AdminService, port: int, request_line: str, body: object, told: dict[str, str]
) -> None:
    service.create("orders")
    method, path = request_line.split()
    with Client(port) as client:
        client.event()
        assert service.call(method, path, body).status == 200
        assert json.loads(client.event()["data"]) == told


def test_a_client_that_stalls_costs_neither_the_service_nor_another_client(service: AdminService, port: int) -> None:
    stalled = socket.create_connection(("127.0.0.1", port))
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    stalled.sendall(f"GET /_admin/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    with Client(port) as client:
        client.event()
        wait_until(lambda: service.feed.subscribers == 2)
        last = 0
        for round_number in range(200):
            for _ in range(50):
                service.feed.publish({"application": "x" * 2_000})
            # The client that reads has heard the newest change before the next round.
            while last < service.feed.revision:
                last = int(client.event()["id"])
            assert last == 50 * (round_number + 1)
        waiting = [len(each._queue) for each in service.feed._subscriptions]
        assert max(waiting) <= 64
        # 20 MB were told, and what the stalled client did not read was not kept.
        assert sorted(waiting) != [0, 0]
    stalled.close()
    wait_until(lambda: service.feed.subscribers == 0)


def test_publishing_takes_no_longer_for_a_client_that_stalls() -> None:
    async def follow() -> tuple[float, list[int]]:
        feed = Feed(queue_limit=3)
        with feed.subscribe() as subscription:
            began = time.perf_counter()
            thread = threading.Thread(target=lambda: [feed.publish({}) for _ in range(10_000)])
            thread.start()
            # The loop does nothing meanwhile, as with a client whose connection is full.
            thread.join()
            took = time.perf_counter() - began
            return took, [each.number for each in await subscription.messages(1)]

    seconds, numbers = asyncio.run(follow())
    assert numbers == [9_998, 9_999, 10_000]
    assert seconds < 5


def test_a_message_of_any_thread_wakes_a_client_that_waits() -> None:
    async def follow() -> list[int]:
        feed = Feed()
        heard: list[int] = []
        with feed.subscribe() as subscription:
            thread = threading.Thread(target=lambda: [feed.publish({}) or time.sleep(0.0005) for _ in range(200)])
            thread.start()
            while len(heard) < 200:
                heard += [each.number for each in await subscription.messages(10)]
            thread.join()
        return heard

    assert asyncio.run(follow()) == list(range(1, 201))


def test_a_client_that_goes_is_forgotten(service: AdminService, port: int) -> None:
    for _ in range(3):
        with Client(port) as client:
            client.event()
            assert service.feed.subscribers == 1
        wait_until(lambda: service.feed.subscribers == 0)


def test_a_feed_that_is_closed_ends_the_streams_so_that_a_server_can_stop(service: AdminService, port: int) -> None:
    with Client(port) as client:
        client.event()
        service.feed.close()
        with pytest.raises(EOFError):
            client.event()
    with Client(port) as late, pytest.raises(EOFError):
        late.event()
        late.event()


def test_too_many_clients_are_refused(service: AdminService, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.local.service.admin.admin_events._MOST_CLIENTS", 1)
    with Client(port) as first:
        first.event()
        with Client(port) as second:
            assert second.response.status == 503
            message = json.loads(second.response.read())["error"]["message"]
            assert message.startswith("1 clients follow the events, the limit: close pages")


async def chunks(service: AdminService, watch: JobWatch, count: int, heartbeat_seconds: float) -> list[str]:
    stream = EventStream(service.feed, watch, heartbeat_seconds=heartbeat_seconds)
    events: AsyncIterator[str] = stream._events()
    found = [await anext(events) for _ in range(count)]
    await events.aclose()  # type: ignore[attr-defined]
    return found


def test_without_a_change_a_comment_keeps_the_connection_alive(service: AdminService) -> None:
    watch = JobWatch(service.msf, service.feed)
    _, *beats = asyncio.run(chunks(service, watch, 3, heartbeat_seconds=0.01))
    assert beats == [": still here\n\n"] * 2


def test_a_job_that_begins_to_fail_is_told_although_no_record_changes(service: AdminService) -> None:
    service.run("orders")
    watch = JobWatch(service.msf, service.feed, interval_seconds=0.02)

    async def follow() -> Any:
        task = asyncio.create_task(chunks(service, watch, 2, heartbeat_seconds=5))
        await asyncio.sleep(0.1)
        assert not task.done()
        service.driver.jobs[service.uid("orders")].restarts = 5
        return await task

    before = service.feed.revision
    _, change = asyncio.run(follow())
    assert (ARN in change, service.feed.revision) == (True, before + 1)


def test_jobs_are_looked_at_once_for_all_clients_and_only_while_there_is_one(
    service: AdminService, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    watch = JobWatch(service.msf, service.feed, interval_seconds=0.05)
    monkeypatch.setattr(watch, "_look", lambda: looks.append(1) or {})

    async def follow() -> None:
        async with watch.followed(), watch.followed():
            await asyncio.sleep(0.12)
        assert 2 <= len(looks) <= 3
        seen = len(looks)
        await asyncio.sleep(0.12)
        assert len(looks) == seen
        async with watch.followed():
            await asyncio.sleep(0.02)
        assert len(looks) == seen + 1

    asyncio.run(follow())
