from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.sizing import PriceTable, Sizing, SizingError

sizes = st.builds(
    lambda kpus, per_kpu, slack: Sizing(
        parallelism=max(1, kpus * per_kpu - min(slack, per_kpu - 1)), parallelism_per_kpu=per_kpu, max_kpus=kpus
    ),
    st.integers(1, 250),
    st.integers(1, 8),
    st.integers(0, 7),
)


@pytest.mark.parametrize(
    ("parallelism", "parallelism_per_kpu", "kpus"), [(40, 2, 20), (40, 6, 7), (1, 1, 1), (1, 8, 1), (9, 8, 2)]
)
def test_kpus_are_parallelism_over_parallelism_per_kpu_rounded_up(
    parallelism: int, parallelism_per_kpu: int, kpus: int
) -> None:
    sizing = Sizing(parallelism=parallelism, parallelism_per_kpu=parallelism_per_kpu)
    assert sizing.kpus == kpus
    assert sizing.billed_kpus == kpus + 1


@given(sizes)
def test_every_subtask_has_a_slot_and_no_kpu_is_idle(sizing: Sizing) -> None:
    slots = sizing.kpus * sizing.parallelism_per_kpu
    assert slots >= sizing.parallelism > slots - sizing.parallelism_per_kpu


@given(sizes)
def test_slots_share_the_memory_of_their_kpu(sizing: Sizing) -> None:
    assert sizing.memory_per_slot_mib * sizing.parallelism_per_kpu <= 4096
    assert (sizing.memory_per_slot_mib + 1) * sizing.parallelism_per_kpu > 4096


@given(sizes)
def test_the_largest_parallelism_fills_the_quota(sizing: Sizing) -> None:
    largest = Sizing(
        parallelism=sizing.largest_parallelism,
        parallelism_per_kpu=sizing.parallelism_per_kpu,
        max_kpus=sizing.max_kpus,
    )
    assert largest.kpus == sizing.max_kpus
    with pytest.raises(SizingError, match="quota"):
        Sizing(
            parallelism=sizing.largest_parallelism + 1,
            parallelism_per_kpu=sizing.parallelism_per_kpu,
            max_kpus=sizing.max_kpus,
        )


@given(sizes)
def test_the_recommended_maximum_parallelism_is_one_that_is_accepted(sizing: Sizing) -> None:
    recommended = sizing.recommended_max_parallelism
    assert sizing.check_max_parallelism(recommended) == recommended
    assert recommended >= 128
    assert math.log2(recommended / sizing.parallelism).is_integer()


@given(sizes, st.integers(-5, 40_000))
def test_only_multiples_of_the_parallelism_are_accepted_as_maximum(sizing: Sizing, maximum: int) -> None:
    allowed = 0 < maximum <= 32_768 and maximum % sizing.parallelism == 0
    if allowed:
        assert sizing.check_max_parallelism(maximum) == maximum
    else:
        with pytest.raises(SizingError, match="maximum parallelism"):
            sizing.check_max_parallelism(maximum)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"parallelism": 0}, "parallelism must be at least 1, got 0"),
        ({"parallelism_per_kpu": 9}, "1 to 8, got 9"),
        ({"parallelism_per_kpu": 0}, "1 to 8, got 0"),
        ({"max_kpus": 0}, "at least 1, got 0"),
        ({"parallelism": 65}, "needs 65 KPUs, max_kpus is 64: .* raise max_kpus, above 64"),
    ],
)
def test_sizes_that_msf_would_refuse_are_refused_with_the_fix(values: dict[str, int], message: str) -> None:
    with pytest.raises(SizingError, match=message):
        Sizing(**values)


def test_a_raised_quota_is_a_parameter() -> None:
    assert Sizing(parallelism=65, max_kpus=100).kpus == 65


def test_a_month_bills_the_orchestration_kpu_but_no_storage_for_it() -> None:
    cost = Sizing(parallelism=40, parallelism_per_kpu=2).monthly_cost(snapshot_gb=100)
    assert cost.kpus_usd == pytest.approx(21 * 730 * 0.11)
    assert cost.running_storage_usd == pytest.approx(20 * 50 * 0.10)
    assert cost.snapshots_usd == pytest.approx(2.30)
    assert cost.total_usd == pytest.approx(cost.kpus_usd + cost.running_storage_usd + cost.snapshots_usd)


def test_prices_can_be_replaced() -> None:
    free = PriceTable(kpu_hour_usd=0, running_storage_gb_month_usd=0, durable_storage_gb_month_usd=0)
    assert Sizing(parallelism=8).monthly_cost(free, snapshot_gb=5).total_usd == 0


def test_negative_snapshots_are_refused() -> None:
    with pytest.raises(SizingError, match="snapshot_gb must be a number from 0 on, got -1"):
        Sizing().monthly_cost(snapshot_gb=-1)


@pytest.mark.parametrize(("parallelism", "maximum"), [(1, 128), (85, 128), (86, 256), (200, 512), (30_000, 32_768)])
def test_the_maximum_parallelism_of_a_job_that_sets_none_is_flinks(parallelism: int, maximum: int) -> None:
    assert Sizing(parallelism=parallelism, max_kpus=32_768).default_max_parallelism == maximum


def test_an_application_is_scaled_within_its_kpus_and_its_maximum_parallelism() -> None:
    sizing = Sizing(parallelism=4, parallelism_per_kpu=2, max_kpus=100)
    assert sizing.scaled_to(16, max_parallelism=64) == Sizing(parallelism=16, parallelism_per_kpu=2, max_kpus=100)
    assert sizing.scaled_to(128, max_parallelism=None).kpus == 64
    for parallelism, max_parallelism, message in (
        (202, None, "needs 101 KPUs, max_kpus is 100"),
        (24, 64, "must be a multiple of the parallelism 24, got 64: use 192"),
        (130, None, "can be scaled to 128 at most, as in Flink, got 130"),
    ):
        with pytest.raises(SizingError, match=message):
            sizing.scaled_to(parallelism, max_parallelism=max_parallelism)
