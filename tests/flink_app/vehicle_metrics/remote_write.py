"""A remote write endpoint in this process, which decodes what it is sent: snappy blocks and protobuf, by hand."""

from __future__ import annotations

import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Series = tuple[tuple[str, str], ...]


class Endpoint:
    """Keeps samples by series, in order of arrival; refuses what it is told to, once each."""

    def __init__(self, refusals: list[int]) -> None:
        self.samples: dict[Series, list[tuple[int, float]]] = {}
        self._refusals = refusals
        self.url = ""

    def answer(self, body: bytes) -> int:
        if self._refusals:
            return self._refusals.pop(0)
        for field, series in _fields(_uncompress(body)):
            assert field == 1
            labels: list[tuple[str, str]] = []
            points: list[tuple[int, float]] = []
            for number, part in _fields(series):
                values = dict(_fields(part))
                if number == 1:
                    labels.append((values[1].decode(), values[2].decode()))
                else:
                    points.append((int.from_bytes(values[2], "big"), struct.unpack("<d", values[1])[0]))
            self.samples.setdefault(tuple(labels), []).extend(points)
        return 204


@contextmanager
def endpoint(refusals: list[int]) -> Iterator[Endpoint]:
    """Serve on a free loopback port."""
    state = Endpoint(refusals)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status = state.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/api/v1/write"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def _fields(message: bytes) -> list[tuple[int, bytes]]:
    """Return numbers and values; a varint as eight bytes, big end first."""
    found, at = [], 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire_type = tag & 7
        if wire_type == 0:
            value, at = _varint(message, at)
            found.append((tag >> 3, value.to_bytes(8, "big")))
            continue
        length, at = (8, at) if wire_type == 1 else _varint(message, at)
        found.append((tag >> 3, message[at : at + length]))
        at += length
    return found


def _uncompress(block: bytes) -> bytes:
    length, at = _varint(block, 0)
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            size = (tag >> 2) + 1
            if size > 60:
                extra = size - 60
                size = int.from_bytes(block[at : at + extra], "little") + 1
                at += extra
            out += block[at : at + size]
            at += size
            continue
        if tag & 3 == 1:
            size, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | block[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            size, offset = (tag >> 2) + 1, int.from_bytes(block[at : at + width], "little")
            at += width
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length
    return bytes(out)
