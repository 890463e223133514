"""Limits and guarantees of Amazon Data Firehose's deliveries to S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterable

DELIVERY_METADATA: Final = "penstock:delivery"
"""The key in a resource's metadata that holds its DeliveryGuarantee."""

_MOST_MIB: Final = 128
_LEAST_COLUMNAR_OR_PARTITIONED_MIB: Final = 64
_MOST_SECONDS: Final = 900
_LEAST_PARTITIONED_SECONDS: Final = 60
_MOST_PARTITION_KEYS: Final = 50
_MOST_PREFIX_CHARACTERS: Final = 1024

_STREAM_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_KEY_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPRESSION: Final = re.compile(r"!\{([^:}]*):?([^}]*)\}")
_QUERY_NAMESPACE: Final = "partitionKeyFromQuery"
_RANDOM: Final = "random-string"
_ERROR_TYPE: Final = "error-output-type"


class DeliveryError(PenstockError):
    """A property of a delivery that Firehose would refuse."""


class DeliveryGuarantee(StrEnum):
    """Number of times that a record arrives."""

    AT_LEAST_ONCE = "at-least-once"
    """Once or more: a retry after a timeout may write a record twice, so readers must drop duplicates."""


@dataclass(frozen=True, kw_only=True)
class Buffering:
    """Limits at which Firehose writes the records that it has gathered as an object; the first one reached counts.

    Parameters
    ----------
    size_mib
        1 to 128 MiB; 64 or more with Parquet or with partitions from fields.
    interval_seconds
        0 to 900 seconds; 60 or more with partitions from fields, which do not support zero buffering.
    columnar, partitioned
        True if records become Parquet, and if partitions come from their fields.

    Raises DeliveryError beyond these limits (firehose, buffering-hints and dynamic-partitioning-enable).
    """

    size_mib: int
    interval_seconds: int
    columnar: bool = False
    partitioned: bool = False

    def __post_init__(self) -> None:
        """Refuse what Firehose would refuse."""
        least_mib = _LEAST_COLUMNAR_OR_PARTITIONED_MIB if self.columnar or self.partitioned else 1
        if not least_mib <= self.size_mib <= _MOST_MIB:
            why = " with Parquet or with partitions from fields" if least_mib > 1 else ""
            raise DeliveryError(f"buffer_size must be {least_mib} to {_MOST_MIB} MiB{why}, got {self.size_mib} MiB")
        least_seconds = _LEAST_PARTITIONED_SECONDS if self.partitioned else 0
        if not least_seconds <= self.interval_seconds <= _MOST_SECONDS:
            why = " with partitions from fields" if self.partitioned else ""
            raise DeliveryError(
                f"buffer_interval must be {least_seconds} to {_MOST_SECONDS} seconds{why}, got"
                f" {self.interval_seconds} seconds"
            )

    @property
    def longest_delay_seconds(self) -> int:
        """Longest normal delay of a record, in seconds: partitions are buffered in stages, half as long again."""
        return self.interval_seconds * 3 // 2 if self.partitioned else self.interval_seconds


def check_delivery_stream_name(name: str) -> str:
    """Return the name, or raise DeliveryError if Firehose would refuse it."""
    if not _STREAM_NAME.fullmatch(name):
        raise DeliveryError(f"a delivery stream's name has 1 to 64 letters, digits, '.', '_' and '-', got {name!r}")
    return name


def check_prefix(prefix: str, *, keys: Iterable[str] = ()) -> str:
    """Return a prefix whose expressions Firehose can evaluate, and which uses each of the partition keys.

    Raises DeliveryError for an unknown expression, a partition key that nothing extracts, and one that the prefix
    leaves out (firehose, s3-prefixes and dynamic-partitioning-partitioning-keys).
    """
    _check_length(prefix)
    _check_closed(prefix)
    if "/" not in prefix and literal_part(prefix):
        raise DeliveryError(f"prefix {prefix!r} is not a folder: end it with '/'")
    known, used = set(keys), set()
    for namespace, value in _expressions(prefix):
        if namespace == _QUERY_NAMESPACE:
            used.add(value)
        elif namespace not in {"timestamp", "firehose"} or (namespace == "firehose" and value != _RANDOM):
            raise DeliveryError(
                f"prefix {prefix!r} has the expression !{{{namespace}:{value}}}: use !{{timestamp:yyyy/MM/dd}},"
                f" !{{firehose:{_RANDOM}}} or !{{{_QUERY_NAMESPACE}:<key>}}"
            )
    if used != known:
        raise DeliveryError(
            f"prefix {prefix!r} uses the partition keys {sorted(used)}, but {sorted(known)} are extracted: make both"
            " the same"
        )
    return prefix


def check_error_prefix(error_prefix: str, *, prefix: str) -> str:
    """Return an error prefix; if the prefix has expressions, it must name the kind of error and no partition key.

    Raises DeliveryError otherwise, and for one that begins like the prefix, because readers of the prefix would take
    failed records for good ones.
    """
    _check_length(error_prefix)
    _check_closed(error_prefix)
    expressions = list(_expressions(error_prefix))
    if any(namespace not in {"timestamp", "firehose"} for namespace, _ in expressions):
        raise DeliveryError(
            f"error_prefix {error_prefix!r} can use timestamp and firehose only: a failed record has no partition"
        )
    if any(_expressions(prefix)) and ("firehose", _ERROR_TYPE) not in expressions:
        raise DeliveryError(
            f"error_prefix must have !{{firehose:{_ERROR_TYPE}}} if the prefix has expressions, got {error_prefix!r}"
        )
    if overlap(prefix, error_prefix):
        raise DeliveryError(
            f"error_prefix {error_prefix!r} lies within prefix {prefix!r}, or the reverse, so that a reader of one"
            " reads the other: choose two folders"
        )
    return error_prefix


def literal_part(prefix: str) -> str:
    """Return the beginning of a prefix that is the same for all records."""
    return prefix.split("!{", maxsplit=1)[0]


def overlap(prefix: str, other: str) -> bool:
    """Return True if one of two prefixes writes into the other's folder."""
    ours, theirs = (literal_part(each).rpartition("/") for each in (prefix, other))
    folder, other_folder = "".join(ours[:2]), "".join(theirs[:2])
    return folder.startswith(other_folder) or other_folder.startswith(folder)


def check_partition_keys(queries: Iterable[str]) -> None:
    """Check the names of partition keys; raise DeliveryError for none, for more than 50 and for impossible ones."""
    names = list(queries)
    if not 1 <= len(names) <= _MOST_PARTITION_KEYS:
        raise DeliveryError(f"partitions come from 1 to {_MOST_PARTITION_KEYS} fields, got {len(names)}")
    for name in names:
        if not _KEY_NAME.fullmatch(name):
            raise DeliveryError(
                f"a partition key must be letters, digits and '_', without a digit in front, got {name!r}"
            )


def _check_length(prefix: str) -> None:
    if len(prefix) > _MOST_PREFIX_CHARACTERS:
        raise DeliveryError(f"a prefix must have at most {_MOST_PREFIX_CHARACTERS} characters, got {len(prefix)}")


def _check_closed(prefix: str) -> None:
    if prefix.count("!{") != len(_EXPRESSION.findall(prefix)):
        raise DeliveryError(
            f"prefix {prefix!r} has an expression without its '}}': write !{{timestamp:yyyy}}, for example"
        )


def _expressions(prefix: str) -> Iterable[tuple[str, str]]:
    return ((match[1], match[2]) for match in _EXPRESSION.finditer(prefix))
