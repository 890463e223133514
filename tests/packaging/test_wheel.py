"""The library as users install it: a wheel in an empty CDK app, without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "constructs" / "cdk_penstock"

APP = """
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption, PermissionSetPrincipal
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from cdk_penstock.observability.panels import LabelledMetrics, dashboard_of, number
from cdk_penstock.checks import add_checks

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
VerifiedStart(stack, "Start", application=application, operator=encryption.operator)
metrics = MetricsWorkspace(stack, "Metrics", workspace_alias="clicks")
metrics.grant_remote_write(application)
grafana = DashboardWorkspace(
    stack, "Grafana", workspace_name="clicks", identity_source=IdentitySource.iam_identity_center()
)
clicks = LabelledMetrics(metrics=("clicks",), labels=("page",))
grafana.add_dashboard(
    dashboard_of(
        "clicks",
        title="Clicks",
        description="Clicks by page",
        metrics=clicks,
        panels=[number("Clicks now", clicks.total("clicks"), "Of the last window")],
        data_source=grafana.add_prometheus_data_source(metrics),
    )
)
add_checks(app)
app.synth()
"""

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, without the output of earlier builds."""
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
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new virtual environment; its dependencies come from the test's environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)],
        check=True,
        capture_output=True,
    )
    # Python reads no .pth file in a folder that a .pth file names, so an editable install of the checkout stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP)
    return folder


def run(*arguments: str, project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", ""),
        "CDK_VALIDATION": "false",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        **more,
    }
    return subprocess.run(arguments, cwd=project, env=environment, capture_output=True, text=True, check=False)


def check_types(python: Path, project: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run mypy as a user does: it looks for the types where the interpreter's packages are (PEP 561)."""
    options = ["--strict", "--python-executable", str(python), "--cache-dir", str(ROOT / ".mypy_cache")]
    return run(sys.executable, "-m", "mypy", *options, program, project=project)


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(LIBRARY.parent).as_posix()
        for path in LIBRARY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == expected
    assert {
        "cdk_penstock/py.typed",
        "cdk_penstock/handlers/application_handler.py",
        "cdk_penstock/control/application_control.py",
    } <= names


def test_the_checkout_is_not_importable(python: Path, project: Path) -> None:
    program = (
        "import importlib.util as util;"
        "print(util.find_spec('cdk_penstock').origin);"
        "print([name for name in ('stacks', 'tests', 'app', 'examples') if util.find_spec(name)])"
    )
    done = run(str(python), "-P", "-c", program, project=project)
    origin, others = done.stdout.splitlines()
    assert Path(origin).is_relative_to(python.parents[1])
    assert others == "[]"


def test_the_wheel_works_in_an_empty_app(python: Path, project: Path) -> None:
    outdir = project / "cdk.out"
    done = run(str(python), "app.py", project=project, CDK_OUTDIR=str(outdir))
    assert done.returncode == 0, done.stderr
    resources = json.loads((outdir / "Clicks.template.json").read_text())["Resources"]
    assert {"AWS::KinesisAnalyticsV2::Application", "Custom::PenstockApplicationStart"} <= {
        resource["Type"] for resource in resources.values()
    }
    assert list(outdir.glob("asset.*/cdk_penstock/handlers/application_handler.py"))


def test_the_wheel_ships_its_types(python: Path, project: Path) -> None:
    done = check_types(python, project, "app.py")
    assert done.returncode == 0, done.stdout
    (project / "wrong.py").write_text(APP.replace('application_name="clicks"', "application_name=5"))
    refused = check_types(python, project, "wrong.py")
    assert 'Argument "application_name" to "FlinkApplication"' in refused.stdout
    assert 'has incompatible type "int"; expected "str"' in refused.stdout
