"""Scenarios are found where the command runs, and only the one that is asked for is imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cdk_penstock.cli.app import app
from cdk_penstock.local.demo.discovery import load_scenario, scenario_names
from cdk_penstock.local.errors import ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = """
from dataclasses import dataclass
from typing import Annotated

import typer

from cdk_penstock.local.demo.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Clicks(Scenario):
    generator_program = None
    pages: Annotated[int, typer.Option(min=1, help="Pages of the site.")] = 5

    def property_groups(self, *, bootstrap_servers, remote_write_url):
        return {}

    def check(self, lines, letters, samples, *, jar):
        return []


SCENARIO = Clicks
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    return tmp_path


def write(checkout: Path, name: str, text: str = SCENARIO) -> None:
    folder = checkout / "flink_app" / name / f"{name}_scenario"
    folder.mkdir(parents=True)
    (folder / "scenario.py").write_text(text)


def penstock(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, ["demo", *arguments], env={"COLUMNS": "200"})
    return outcome.exit_code, outcome.output + str(outcome.exception or "")


def test_without_a_checkout_the_error_says_where_a_scenario_belongs(checkout: Path) -> None:
    with pytest.raises(ScenarioError, match=r"there is no scenario in .*flink_app: run this in .*NAME_scena"):
        load_scenario()
    assert penstock("--help")[0] == 0
    (checkout / "flink_app" / "job").mkdir(parents=True)
    assert scenario_names() == []


def test_the_only_scenario_needs_no_name_and_brings_its_options(checkout: Path) -> None:
    write(checkout, "clicks_a")
    assert load_scenario() is load_scenario("clicks_a")
    for arguments in ((), ("clicks_a",)):
        code, output = penstock(*arguments, "--help")
        assert (code, "--pages" in output, "one of: clicks_a" in output) == (0, True, True)
    code, output = penstock("--pages", "0")
    assert (code, "Invalid value for '--pages'" in output) == (2, True)


def test_of_several_scenarios_one_is_named(checkout: Path) -> None:
    write(checkout, "clicks_b")
    write(checkout, "visits_b", "raise RuntimeError('imported')")
    assert scenario_names() == ["clicks_b", "visits_b"]
    assert load_scenario("clicks_b").__name__ == "Clicks"
    for name, message in (
        (None, "got no scenario, expected one of clicks_b, visits_b: name it behind the command"),
        ("click_b", "got scenario 'click_b', expected one of clicks_b, visits_b: did you mean 'clicks_b'?"),
    ):
        with pytest.raises(ScenarioError, match=message.replace("?", r"\?")):
            load_scenario(name)
        code, output = penstock(*([] if name is None else [name]))
        assert (code, message in output) == (2, True)


def test_a_scenario_without_a_generator_needs_recorded_events(checkout: Path) -> None:
    write(checkout, "clicks_c")
    code, output = penstock()
    assert (code, "no generator, expected recorded events with --input" in output) == (2, True)


@pytest.mark.parametrize(("name", "text"), [("empty", ""), ("other", "SCENARIO = 5"), ("built", "SCENARIO = object()")])
def test_a_module_that_declares_no_scenario_is_refused(checkout: Path, name: str, text: str) -> None:
    write(checkout, name, text)
    with pytest.raises(ScenarioError, match=f"flink_app/{name}/{name}_scenario/scenario.py: got .* for SCENARIO"):
        load_scenario()
