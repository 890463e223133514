"""The library as others install it: a wheel in an empty CDK app, without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "constructs" / "penstock"

APP = """
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_s3 as s3

import penstock
from penstock.application import ApplicationCode, FlinkApplication
from penstock.encryption import CustomerManagedEncryption, PermissionSetPrincipal
from penstock.lifecycle import ApplicationStart
from penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from penstock.observability.dashboards.connected_vehicles import connected_vehicles
from penstock.review import add_checks

assert penstock.__file__ is not None and "site" in penstock.__file__, penstock.__file__

app = App()
stack = Stack(app, "Clicks", env=Environment(account="111122223333", region="eu-central-1"))
code = ApplicationCode.from_bucket(s3.Bucket.from_bucket_name(stack, "Code", "code-bucket"), "job.zip")
application = FlinkApplication(stack, "Job", code=code, application_name="clicks")
encryption = CustomerManagedEncryption(
    stack,
    "Encryption",
    application=application,
    operators=[PermissionSetPrincipal(stack, "FlinkOperator")],
    key_administrators=[PermissionSetPrincipal(stack, "KeyAdministrator")],
)
ApplicationStart(stack, "Start", application=application, operator=encryption.operator)
metrics = MetricsWorkspace(stack, "Metrics", workspace_alias="clicks")
metrics.grant_remote_write(application)
grafana = DashboardWorkspace(
    stack, "Grafana", workspace_name="clicks", identity_source=IdentitySource.iam_identity_center()
)
grafana.add_dashboard(connected_vehicles(grafana.add_prometheus_data_source(metrics)))
add_checks(app)
app.synth()
"""

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing that an earlier build left gets into it."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "constructs", source / "constructs", ignore=ignore)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist"],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel by itself; what it depends on comes from the test's own environment."""
    target = tmp_path_factory.mktemp("installed") / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    return target


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP)
    return folder


def environment(site: Path, **more: str) -> dict[str, str]:
    # The editable install would put the checkout on the path, so the environment's packages come in without it.
    packages = sysconfig.get_path("purelib")
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", ""),
        "PYTHONPATH": os.pathsep.join([str(site), packages]),
        "CDK_VALIDATION": "false",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        **more,
    }


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(LIBRARY.parent).as_posix()
        for path in LIBRARY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == expected
    assert {"penstock/py.typed", "penstock/handlers/application.py", "penstock/control/application.py"} <= names


def test_it_works_in_an_empty_app(site: Path, project: Path) -> None:
    outdir = project / "cdk.out"
    done = subprocess.run(
        [sys.executable, "-S", "app.py"],
        cwd=project,
        env=environment(site, CDK_OUTDIR=str(outdir)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    resources = json.loads((outdir / "Clicks.template.json").read_text())["Resources"]
    assert {"AWS::KinesisAnalyticsV2::Application", "Custom::PenstockApplicationStart"} <= {
        resource["Type"] for resource in resources.values()
    }
    assert list(outdir.glob("asset.*/penstock/handlers/application.py"))


def test_its_types_are_shipped(site: Path, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(project / ".mypy_cache"), "app.py"],
        cwd=project,
        env={**os.environ, "MYPYPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    wrong = project / "wrong.py"
    wrong.write_text(APP.replace('application_name="clicks"', "application_name=5"))
    refused = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(project / ".mypy_cache"), "wrong.py"],
        cwd=project,
        env={**os.environ, "MYPYPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'incompatible type "int"' in refused.stdout or "has incompatible type" in refused.stdout
