from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.scaling.parallelism_range import ParallelismRange
from cdk_penstock.model.sizing import SizingError

if TYPE_CHECKING:
    from collections.abc import Callable

bounds = st.tuples(st.integers(1, 300), st.integers(1, 300)).map(lambda pair: (pair[0], pair[0] + pair[1]))
ranges = st.builds(
    lambda pair, maximum: ParallelismRange(smallest=pair[0], largest=pair[1], max_parallelism=maximum),
    bounds,
    st.just(0) | st.integers(1, 1024),
)
present = st.integers(1, 600)
within = st.builds(
    lambda numbers, maximum, at: (
        ParallelismRange(smallest=min(numbers), largest=max(numbers), max_parallelism=maximum),
        min(numbers) + at % (max(numbers) - min(numbers) + 1),
    ),
    bounds,
    st.just(0) | st.integers(1, 1024),
    st.integers(0, 600),
)


@given(ranges, present)
def test_a_step_ends_within_the_bounds_wherever_it_begins(scaled: ParallelismRange, at: int) -> None:
    for step in (scaled.above(at), scaled.below(at)):
        assert step is None or scaled.smallest <= step <= scaled.largest


@given(within)
def test_a_step_within_the_bounds_at_most_doubles_and_at_least_halves(where: tuple[ParallelismRange, int]) -> None:
    scaled, at = where
    up, down = scaled.above(at), scaled.below(at)
    assert up is None or at < up <= 2 * at
    assert down is None or -(-at // 2) <= down < at


def end_of(step: Callable[[int], int | None], at: int) -> int:
    """Return where the steps end; more than 600 do not."""
    for _ in range(600):
        following = step(at)
        if following is None:
            return at
        at = following
    raise AssertionError(at)


@given(ranges, present)
def test_steps_end_at_the_bounds(scaled: ParallelismRange, at: int) -> None:
    assert end_of(scaled.above, at) == max(at, scaled.largest)
    assert end_of(scaled.below, at) == min(at, scaled.smallest)


@given(within)
def test_a_divisor_of_the_maximum_parallelism_is_preferred(where: tuple[ParallelismRange, int]) -> None:
    scaled, at = where
    even = {each for each in range(1, 601) if scaled.max_parallelism and scaled.max_parallelism % each == 0}
    for step, reach in (
        (scaled.above(at), range(at + 1, min(2 * at, scaled.largest) + 1)),
        (scaled.below(at), range(max(-(-at // 2), scaled.smallest), at)),
    ):
        if step is not None and even & set(reach):
            assert step in even


def test_it_doubles_and_halves_where_nothing_speaks_against_it() -> None:
    scaled = ParallelismRange(smallest=2, largest=12)
    assert [scaled.above(each) for each in (1, 2, 4, 8, 12, 20)] == [2, 4, 8, 12, None, None]
    assert [scaled.below(each) for each in (40, 12, 8, 5, 3, 2, 1)] == [12, 6, 4, 3, 2, None, None]


def test_it_comes_back_to_even_steps_from_an_uneven_parallelism() -> None:
    scaled = ParallelismRange(smallest=1, largest=64, max_parallelism=128)
    assert (scaled.above(6), scaled.below(6)) == (8, 4)


@pytest.mark.parametrize("pair", [(4, 4), (4, 2), (0, 2)])
def test_a_range_without_room_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(SizingError, match=f"a larger largest one, got {pair[0]} and {pair[1]}"):
        ParallelismRange(smallest=pair[0], largest=pair[1])
