"""Blocks of TOML and JSON are read by what reads them, and no block hides a command."""

from __future__ import annotations

import importlib
import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.cost import prices_from_toml
from stacks.environment import Environment
from tests.docs.fences import PAGES, PROGRAMS, ROOT, Fence, all_fences, fences_of, name_of

if TYPE_CHECKING:
    from pathlib import Path

READ_BY_A_TEST = {"sh", "python", "toml", "json", "hcl", "mermaid", ""}
PRICES, ENVIRONMENT = "# prices.toml", "# environments/"
MINIMAL = {
    "name": "guide",
    "events": {"cluster_name": "guide"},
    "metrics": {"workspace_name": "guide"},
    "operators": {"permission_sets": ["FlinkOperator"]},
    "application": {"name": "guide", "code": {"folder": "flink_app/vehicle_metrics"}},
}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key: merged(base[key], value) for key, value in over.items() if isinstance(base.get(key), dict)}
    return base | over | both


@pytest.mark.parametrize("fence", all_fences("toml"), ids=lambda fence: fence.place)
def test_toml_is_what_its_first_line_says(fence: Fence) -> None:
    first = fence.text.partition("\n")[0]
    if first.startswith(PRICES):
        prices_from_toml(tomllib.loads(fence.text))
    else:
        assert first.startswith(ENVIRONMENT), f"begin with {PRICES} or {ENVIRONMENT}..., so that a test can read it"
        Environment.model_validate(merged(MINIMAL, tomllib.loads(fence.text)))


@pytest.mark.parametrize("fence", all_fences("json"), ids=lambda fence: fence.place)
def test_json_is_property_groups_that_both_jobs_read(
    fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "flink_app" / "vehicle_metrics"))
    settings, fleet, properties = (
        importlib.import_module(name)
        for name in ("vehicle_metrics.settings", "vehicle_metrics.fleet", "flink_job.properties")
    )
    (tmp_path / "application_properties.json").write_text(fence.text)
    monkeypatch.setenv("APPLICATION_PROPERTIES_FILE", str(tmp_path / "application_properties.json"))
    groups = properties.load_property_groups()
    assert settings.VehicleSettings.of(groups).events.topic == fleet.GeneratorSettings.of(groups).topic
    guide = (ROOT / "docs" / "job.md").read_text(encoding="utf-8")
    keys = {key for group in json.loads(fence.text) for key in group["PropertyMap"]}
    assert {key for key in keys if f"`{key}`" not in guide} == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_of_a_page_is_of_a_kind_that_no_test_reads(page: Path) -> None:
    for fence in fences_of(page):
        assert fence.kind in READ_BY_A_TEST, f"{fence.place}: no test reads {fence.kind}"
        if not fence.kind:
            words = {line.split(maxsplit=1)[0] for line in fence.text.splitlines() if line.strip()}
            assert not words & {*PROGRAMS}, f"{fence.place}: a block with commands is ```sh"
