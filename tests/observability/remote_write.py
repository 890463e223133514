"""Samples for a Prometheus, by remote write: protobuf and snappy's uncompressed form, by hand."""

from __future__ import annotations

import struct
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def write_samples(url: str, samples: Iterable[tuple[str, Mapping[str, str], int, float]]) -> None:
    """Write samples, each a metric, its labels, a time in epoch milliseconds and a value."""
    body = b"".join(_field(1, _series(*sample)) for sample in samples)
    headers = {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = urllib.request.Request(url, data=_snappy(body), headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status in {200, 204}


def _series(metric: str, labels: Mapping[str, str], timestamp_ms: int, value: float) -> bytes:
    everything = sorted({"__name__": metric, **labels}.items())
    encoded = b"".join(_field(1, _field(1, name.encode()) + _field(2, text.encode())) for name, text in everything)
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(timestamp_ms)
    return encoded + _field(2, sample)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _snappy(data: bytes) -> bytes:
    chunks = [data[start : start + 60] for start in range(0, len(data), 60)]
    return _varint(len(data)) + b"".join(bytes([len(chunk) - 1 << 2]) + chunk for chunk in chunks)
