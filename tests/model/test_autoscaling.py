from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.autoscaling import Autoscaling
from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS, MAX_PARALLELISM_PER_KPU, Sizing, SizingError

sizes = st.builds(
    lambda kpus, per_kpu, room: Sizing(
        parallelism=kpus * per_kpu, parallelism_per_kpu=per_kpu, max_kpus=min(kpus * room, 250)
    ),
    st.integers(1, 60),
    st.integers(1, MAX_PARALLELISM_PER_KPU),
    st.integers(1, 20),
)
multiples = st.none() | st.integers(1, 64)


def scaled(sizing: Sizing, times: int | None) -> Autoscaling | None:
    """Return the autoscaling, None where it is refused."""
    try:
        return Autoscaling(sizing=sizing, max_parallelism=None if times is None else times * sizing.parallelism)
    except SizingError:
        return None


@given(sizes, multiples)
def test_accepted_scaling_stays_within_the_kpus_and_the_maximum_parallelism(sizing: Sizing, times: int | None) -> None:
    scaling = scaled(sizing, times)
    if scaling is None:
        return
    # Played step by step, as MSF does it: it doubles until something holds it.
    parallelism = sizing.parallelism
    while 2 * parallelism <= (times or math.inf) * sizing.parallelism and -(
        -2 * parallelism // sizing.parallelism_per_kpu
    ) <= max(sizing.max_kpus, DEFAULT_MAX_KPUS):
        parallelism *= 2
    assert scaling.largest_parallelism == parallelism > sizing.parallelism
    assert sizing.kpus < scaling.largest_kpus <= sizing.max_kpus
    assert sizing.billed_kpus < scaling.most_billed_kpus == scaling.largest_kpus + 1


@given(sizes)
def test_a_limit_below_the_quota_is_accepted_only_if_the_job_keeps_it(sizing: Sizing) -> None:
    unheld = scaled(sizing, None)
    assert unheld is None or unheld.largest_kpus <= sizing.max_kpus
    assert (scaled(sizing, 2) is not None) is (2 * sizing.kpus <= sizing.max_kpus)
    assert scaled(sizing, 1) is None


def test_the_quota_limits_scaling_if_the_job_does_not() -> None:
    scaling = Autoscaling(sizing=Sizing(parallelism=4))
    assert (scaling.largest_parallelism, scaling.largest_kpus, scaling.most_billed_kpus) == (64, 64, 65)
    assert Autoscaling(sizing=Sizing(parallelism=4, max_kpus=250)).largest_kpus == 128


def test_the_jobs_maximum_parallelism_limits_scaling_earlier() -> None:
    scaling = Autoscaling(sizing=Sizing(parallelism=6, parallelism_per_kpu=4, max_kpus=8), max_parallelism=30)
    assert (scaling.largest_parallelism, scaling.largest_kpus) == (24, 6)


@pytest.mark.parametrize(
    ("sizing", "max_parallelism", "message"),
    [
        (Sizing(parallelism=4, max_kpus=16), None, "could reach 64 KPUs, got max_kpus 16: .* at most 16 and pass it"),
        (Sizing(parallelism=6, max_kpus=16), None, "could reach 48 KPUs.* at most 12 and pass it"),
        (Sizing(parallelism=4, max_kpus=16), 128, "could reach 64 KPUs"),
        (Sizing(parallelism=4), 4, "leave no room for it: switch it off or raise them"),
        (Sizing(parallelism=40), None, "doubles the parallelism 40, but 64 KPUs leave no room"),
        (Sizing(parallelism=4), 10, "must be a multiple of the parallelism 4, got 10: use 128"),
    ],
)
def test_a_limit_without_effect_and_scaling_without_room_are_refused_with_the_fix(
    sizing: Sizing, max_parallelism: int | None, message: str
) -> None:
    with pytest.raises(SizingError, match=message):
        Autoscaling(sizing=sizing, max_parallelism=max_parallelism)
