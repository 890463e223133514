"""Values for the shapes of botocore's model of the service: valid ones, and any."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.loaders import create_loader
from botocore.model import ServiceModel
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "kinesisanalyticsv2"
MODEL = ServiceModel(create_loader().load_service_model(NAME, "service-2"), NAME)
UNICODE = st.characters(codec="utf-8")
MOST_ELEMENTS = 2


def all_shapes() -> Iterator[Any]:
    """Yield every shape of the model."""
    yield from (MODEL.shape_for(name) for name in MODEL.shape_names)


def valid_request(shape: Any) -> st.SearchStrategy[Any]:
    """Return the values of a shape that the model allows."""
    return KINDS[shape.type_name](shape)


def _structure(shape: Any) -> st.SearchStrategy[Any]:
    members = {name: valid_request(member) for name, member in shape.members.items()}
    required = {name: members[name] for name in shape.required_members}
    optional = {name: value for name, value in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def _text(shape: Any) -> st.SearchStrategy[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if shape.enum:
        return st.sampled_from(shape.enum)
    if "pattern" in shape.metadata:
        matching = st.from_regex(shape.metadata["pattern"], fullmatch=True, alphabet=UNICODE)
        return matching.filter(lambda text: least <= len(text) <= (most or len(text)))
    return st.text(UNICODE, min_size=least, max_size=max(least, min(most or 20, 20)))


def _list(shape: Any) -> st.SearchStrategy[list[Any]]:
    least = shape.metadata.get("min", 0)
    return st.lists(valid_request(shape.member), min_size=least, max_size=max(least, MOST_ELEMENTS))


def _map(shape: Any) -> st.SearchStrategy[dict[str, Any]]:
    least, most = shape.metadata.get("min", 0), MOST_ELEMENTS
    return st.dictionaries(valid_request(shape.key), valid_request(shape.value), min_size=least, max_size=most)


KINDS: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "blob": lambda _: st.binary(max_size=20),
    "boolean": lambda _: st.booleans(),
    "integer": lambda shape: st.integers(shape.metadata.get("min", -(2**31)), shape.metadata.get("max", 2**31 - 1)),
    "list": _list,
    "long": lambda shape: st.integers(shape.metadata.get("min", -(2**63)), shape.metadata.get("max", 2**63 - 1)),
    "map": _map,
    "string": _text,
    "structure": _structure,
    # botocore sends whole seconds.
    "timestamp": lambda _: st.integers(-(10**9), 10**10).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 10**400, -1, 0])
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["\ud800", "\0", "../../x", "a" * 3000, "arn:", "{}", "2026-05-01T12:00:00Z", "9999999999"])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def nearly_valid(shape: Any) -> st.SearchStrategy[Any]:
    """Return values that look like those of a shape, wrong in places: types, members, limits."""
    values: st.SearchStrategy[Any] = _NEARLY.get(shape.type_name, valid_request)(shape)
    return st.integers(0, 9).flatmap(lambda dice: ANYTHING if dice == 0 else values)


def _nearly_structure(shape: Any) -> st.SearchStrategy[Any]:
    optional = {name: nearly_valid(member) for name, member in shape.members.items()}
    members = st.fixed_dictionaries({}, optional=optional)
    more = st.integers(0, 9).flatmap(
        lambda dice: st.dictionaries(st.text(), ANYTHING, max_size=2) if dice == 0 else st.just({})
    )
    return st.tuples(members, more).map(lambda both: {**both[0], **both[1]})


def _nearly_blob(_: Any) -> st.SearchStrategy[Any]:
    return st.text(max_size=20) | st.just("AAEC")


def _nearly_time(_: Any) -> st.SearchStrategy[Any]:
    return st.floats() | st.integers() | st.text() | st.datetimes().map(datetime.isoformat)


_NEARLY: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "structure": _nearly_structure,
    "list": lambda shape: st.lists(nearly_valid(shape.member), max_size=3),
    "map": lambda shape: st.dictionaries(st.text(max_size=3), nearly_valid(shape.value), max_size=3),
    "blob": _nearly_blob,
    "timestamp": _nearly_time,
}
