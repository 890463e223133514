"""From the template to Grafana: the properties that the CDK renders are those that the handler reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from cdk_penstock.handlers.grafana_content_handler import GrafanaContentHandler, GrafanaServices
from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from stacks.environment import ApplicationSettings
from stacks.vehicle_metrics.dashboard import connected_vehicles, vehicle_operations
from tests.conftest import WITH_ASSETS
from tests.control.fake_grafana import WORKSPACE_ID, FakeGrafana, FakeManagedGrafana, World
from tests.handlers.framework import Framework
from tests.observability.conftest import flatten
from tests.observability.test_dashboard_workspace import everything as everything_of_dashboards
from tests.observability.test_metrics_workspace import everything as everything_of_metrics

ROOT = Path(__file__).resolve().parents[2]


def build(stack: Stack) -> None:
    grafana = DashboardWorkspace(
        stack, "Grafana", workspace_name="fleet", identity_source=IdentitySource.iam_identity_center()
    )
    source = grafana.add_prometheus_data_source(MetricsWorkspace(stack, "Metrics", workspace_alias="fleet"))
    cloudwatch = grafana.add_cloudwatch_data_source()
    application = ApplicationSettings(name="vehicles", parallelism=4)
    grafana.add_dashboard(connected_vehicles(source))
    grafana.add_dashboard(vehicle_operations(application, prometheus=source, cloudwatch=cloudwatch))


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("assembly")
    app = App(outdir=str(folder), post_cli_context=WITH_ASSETS)
    stack = Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    build(stack)
    template = Template.from_stack(stack)
    (resource,) = template.find_resources("Custom::PenstockGrafanaContent").values()
    return flatten(resource["Properties"]), folder


def used(dashboard: dict[str, Any]) -> set[tuple[str, str]]:
    """Return uid and type of each data source that a dashboard's panels name."""
    sources = [panel["datasource"] for panel in dashboard["panels"] if panel["type"] != "row"]
    return {(source["uid"], source["type"]) for source in sources}


def test_content_of_a_template_is_created_and_removed(assembly: tuple[dict[str, Any], Path]) -> None:
    properties, folder = assembly
    world = World()
    with FakeGrafana(world) as grafana:
        aws = FakeManagedGrafana(grafana, world)
        aws.objects = {path.name.removeprefix("asset."): path.read_bytes() for path in folder.glob("asset.*.json")}
        services = GrafanaServices(new_session=aws.session, connect=grafana.connect, clock=aws.clock)
        framework = Framework(aws, GrafanaContentHandler(services))  # type: ignore[arg-type]
        wanted = properties | {"WorkspaceId": WORKSPACE_ID}
        framework.create(wanted)
        source, cloudwatch = (grafana.data_sources[f"penstock-{name}"] for name in ("metrics", "cloudwatch"))
        dashboard = grafana.dashboards["penstock-connected-vehicles"]["dashboard"]
        assert dashboard["title"] == "Connected vehicles"
        assert used(dashboard) == {(source["uid"], source["type"])}
        operations = grafana.dashboards["penstock-vehicle-operations"]["dashboard"]
        assert used(operations) == {(each["uid"], each["type"]) for each in (source, cloudwatch)}
        assert source["url"].startswith("https://aps-workspaces.eu-central-1.")
        framework.delete(wanted)
        assert (grafana.dashboards, grafana.data_sources, grafana.folders) == ({}, {}, {})


def build_everything(folder: Path) -> None:
    """Synthesize everything of the package, in a separate process."""
    app = App(outdir=str(folder), context={"@aws-cdk/core:validateAgainstDefaultRules": True})
    environment = Environment(account="111122223333", region="eu-central-1")
    build(Stack(app, "Defaults", env=environment))
    everything_of_dashboards(Stack(app, "Dashboards", env=environment))
    everything_of_metrics(Stack(app, "Metrics", env=environment), folder)
    app.synth()


@pytest.mark.validators
def test_the_cdks_validation_and_cfn_lint_find_no_error(tmp_path: Path) -> None:
    # The CDK reads the switch when its own process starts, so this one's is fixed.
    program = (
        "from tests.observability.test_content_reaches_grafana import build_everything as build;"
        "import pathlib, sys; build(pathlib.Path(sys.argv[1]))"
    )
    folders = (ROOT, *(ROOT / name for name in ("constructs", "flink_app/shared", "flink_app/vehicle_metrics")))
    paths = os.pathsep.join(str(folder) for folder in folders)
    synthesis = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=os.environ | {"CDK_VALIDATION": "true", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (synthesis.returncode, (tmp_path / "validation-report.json").exists()) == (0, True), synthesis.stderr
    lint = subprocess.run(
        [
            Path(sys.executable).with_name("cfn-lint"),
            *("--regions", "eu-central-1", "--non-zero-exit-code", "error", "--"),
            *sorted(tmp_path.glob("*.template.json")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout
