from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack, Stage
from typer.testing import CliRunner

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.cli.app import app
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from constructs import Construct

ROOT = Path(__file__).resolve().parents[2]


def add_application(scope: Construct, job_zip: Path, parallelism: int) -> None:
    stack = Stack(scope, "Processing")
    code = ApplicationCode.from_asset(job_zip)
    FlinkApplication(stack, "Job", code=code, application_name="clicks", parallelism=parallelism)


@pytest.fixture(scope="module")
def assembly(job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cloud assembly with a small and a large environment."""
    folder = tmp_path_factory.mktemp("assembly")
    cdk = App(outdir=str(folder))
    add_application(Stage(cdk, "Dev"), job_zip, 1)
    add_application(Stage(cdk, "ProdEurope"), job_zip, 8)
    cdk.synth()
    return folder


def size(assembly: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["size", "--assembly", str(assembly), *arguments], catch_exceptions=False)


def figures(assembly: Path, *arguments: str) -> dict[str, Any]:
    result = size(assembly, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def test_an_environment_is_estimated_from_its_templates(assembly: Path) -> None:
    shown = figures(assembly, "--environment", "prod-europe")
    kpus = [line for line in shown["lines"] if line["unit"] == "KPU-hour"]
    assert [line["quantity"] for line in kpus] == [9 * 730]
    assert shown["monthlyUsd"] == pytest.approx(sum(line["monthlyUsd"] for line in shown["lines"]), abs=0.01)
    assert shown["monthlyUsd"] == pytest.approx(sum(shown["byService"].values()), abs=0.05)
    assert figures(assembly, "--environment", "dev")["monthlyUsd"] < shown["monthlyUsd"]


def test_every_assumption_is_listed_and_can_be_changed(assembly: Path) -> None:
    shown = figures(assembly, "--environment", "dev", "--log-gb", "50", "--snapshot-gb", "0")
    assert shown["assumptions"]["log_gb"] == 50
    before = figures(assembly, "--environment", "dev")
    assert shown["assumptions"].keys() == before["assumptions"].keys()
    (option_names, help_text) = (list(before["assumptions"]), size(assembly, "--help").output)
    assert all(f"--{name.replace('_', '-')}"[:20] in help_text for name in option_names)
    assert shown["byService"]["CloudWatch"] > before["byService"]["CloudWatch"]


def test_the_screen_says_prices_assumptions_and_what_is_missing(assembly: Path) -> None:
    output = size(assembly, "--environment", "dev").output
    for part in ("us-east-1, 2026-", "not a quote", "events per second: 1000", "Not estimated", "Not priced at all"):
        assert part in output
    assert "data transfer between availability zones" in output
    assert "USD a month" in output


def test_what_cannot_be_estimated_is_named(assembly: Path, tmp_path: Path) -> None:
    template = {"Resources": {"Mystery": {"Type": "AWS::RDS::DBCluster"}}}
    manifest = {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "s.json"}}}}
    (tmp_path / "s.json").write_text(json.dumps(template))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert figures(tmp_path)["notEstimated"] == [
        {"resource": "Mystery", "type": "AWS::RDS::DBCluster", "reason": "the type is not in the price table"}
    ]
    assert "AWS::RDS::DBCluster: the type is not in the price table (Mystery)" in size(tmp_path).output


def test_what_cannot_be_estimated_for_one_reason_shares_a_line(assembly: Path, tmp_path: Path) -> None:
    template = {"Resources": {f"Function{number}": {"Type": "AWS::RDS::DBCluster"} for number in range(10)}}
    manifest = {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "s.json"}}}}
    (tmp_path / "s.json").write_text(json.dumps(template))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    lines = [line for line in size(tmp_path).output.splitlines() if "AWS::RDS::DBCluster" in line]
    assert lines == ["  AWS::RDS::DBCluster: the type is not in the price table (10 of them, named by --json)"]


def test_the_sum_is_the_first_line(assembly: Path) -> None:
    shown = figures(assembly, "--environment", "dev")
    first = size(assembly, "--environment", "dev").output.splitlines()[0]
    assert first == f"{shown['monthlyUsd']:,.2f} USD a month, estimated"


def test_prices_are_replaced_from_a_file(assembly: Path, tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('region = "eu-central-1"\n[flink]\nkpu_hour_usd = 0.0\nrunning_storage_gb_month_usd = 0.0\n')
    shown = figures(assembly, "--environment", "dev", "--prices", str(file))
    assert shown["prices"]["region"] == "eu-central-1"
    assert shown["byService"]["Managed Service for Apache Flink"] == pytest.approx(0.23)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "has the environments Dev, ProdEurope: choose one with --environment"),
        (["--environment", "qa"], "there is no environment 'qa' .* it has Dev, ProdEurope"),
    ],
)
def test_a_mistake_is_explained(assembly: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(PenstockError, match=message):
        size(assembly, *arguments)


def test_a_folder_that_is_no_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PenstockError, match=r"no cloud assembly in .*: run `npx cdk synth`, or name its folder"):
        size(tmp_path)


def test_an_app_without_stages_needs_no_environment(job_zip: Path, tmp_path: Path) -> None:
    cdk = App(outdir=str(tmp_path))
    add_application(cdk, job_zip, 2)
    cdk.synth()
    assert figures(tmp_path)["environment"] is None
    with pytest.raises(PenstockError, match="it has no Stages, leave the environment out"):
        size(tmp_path, "--environment", "prod")


def test_the_command_line_loads_no_cdk() -> None:
    program = "import sys, cdk_penstock.cli.app; sys.exit(bool({'aws_cdk', 'jsii'} & set(sys.modules)))"
    environment = {"PYTHONPATH": str(ROOT / "constructs")}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
