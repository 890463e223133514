from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.lifecycle.described_configuration import (
    ConfigurationContext,
    created_configuration,
    updated_configuration,
)
from cdk_penstock.model.lifecycle.switches import Switches
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

CONTEXT = ConfigurationContext(switches=Switches(), resolve_key=str, vpc_id="", version_id=1)
blocks = st.fixed_dictionaries(
    {"ConfigurationType": st.sampled_from(["CUSTOM", "DEFAULT"])},
    optional={
        "Parallelism": st.integers(1, 64),
        "ParallelismPerKPU": st.integers(1, 8),
        "AutoScalingEnabled": st.booleans(),
    },
)


def described(configuration: dict[str, Any]) -> ParallelismSettings:
    return ParallelismSettings.described({"ApplicationConfigurationDescription": configuration})


@given(blocks, st.integers(1, 64), st.none() | st.integers(1, 8))
def test_an_update_changes_what_it_says_and_nothing_else_whatever_was_configured(
    block: dict[str, Any], parallelism: int, per_kpu: int | None
) -> None:
    present = created_configuration({"FlinkApplicationConfiguration": {"ParallelismConfiguration": block}}, CONTEXT)
    before = described(present)
    update = before.update_to(parallelism, parallelism_per_kpu=per_kpu)
    updated = updated_configuration(present, update, CONTEXT)
    after = described(updated)
    assert (after.parallelism, after.auto_scaling_enabled) == (parallelism, before.auto_scaling_enabled)
    assert after.parallelism_per_kpu == (per_kpu or before.parallelism_per_kpu)
    flink = "FlinkApplicationConfigurationDescription"
    kept = {name: value for name, value in present[flink].items() if name != "ParallelismConfigurationDescription"}
    assert updated == present | {flink: updated[flink]}
    assert updated[flink] == kept | {
        "ParallelismConfigurationDescription": updated[flink]["ParallelismConfigurationDescription"]
    }


def test_what_msf_does_not_say_is_its_default() -> None:
    assert ParallelismSettings.described({}) == ParallelismSettings(
        parallelism=1, parallelism_per_kpu=1, auto_scaling_enabled=True, current_parallelism=None
    )
