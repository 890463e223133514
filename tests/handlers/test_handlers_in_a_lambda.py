"""The package of a Lambda function is enough for the handlers, with boto3 and nothing else installed."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from cdk_penstock.control.clients import Clock
from cdk_penstock.foundation.control_code import DATA_PATH_VARIABLE, LAMBDA_DATA_PATH, control_code_folder

CODE = Path(control_code_folder())
MODULES = {
    ".".join(path.relative_to(CODE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in CODE.rglob("*.py")
}
HANDLERS = sorted(name for name in MODULES if hasattr(import_module(name), "on_event"))
FUNCTIONS = sorted(name for name in MODULES if hasattr(import_module(name), "handle"))
# What the runtime of AWS Lambda has besides Python: boto3 and what it needs.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of installed packages with boto3 and its dependencies alone."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        installed = Path(spec.origin)
        installed = installed.parent if installed.name == "__init__.py" else installed
        (folder / installed.name).symlink_to(installed)
    return folder


def run_in_a_lambda(program: str, runtime: Path) -> subprocess.CompletedProcess[str]:
    """Run a program without the environment's packages: isolated, and without ``site``."""
    program = f"import sys; sys.path[:0] = {[str(CODE), str(runtime)]!r}; {program}"
    return subprocess.run(
        [sys.executable, "-B", "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def old_runtime(runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with the model of MSF as it was before customer managed keys and operations."""
    folder = tmp_path_factory.mktemp("old-runtime")
    for each in runtime.iterdir():
        if each.name != "botocore":
            (folder / each.name).symlink_to(each.resolve())
    shutil.copytree((runtime / "botocore").resolve(), folder / "botocore", ignore=_other_data)
    (packed,) = folder.rglob("kinesisanalyticsv2/*/service-2.json.gz")
    model = json.loads(gzip.decompress(packed.read_bytes()))
    for shape in model["shapes"].values():
        for member in [name for name in shape.get("members", {}) if "Encryption" in name]:
            del shape["members"][member]
    del model["operations"]["ListApplicationOperations"], model["operations"]["DescribeApplicationOperation"]
    packed.write_bytes(gzip.compress(json.dumps(model).encode()))
    return folder


def _other_data(path: str, names: list[str]) -> list[str]:
    """Return the services that the test does without."""
    kept = {"kinesisanalyticsv2"}
    return [name for name in names if Path(path).name == "data" and Path(path, name).is_dir() and name not in kept]


UPDATE = """
import os, boto3
from botocore.exceptions import ParamValidationError
keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
client = boto3.client("kinesisanalyticsv2", region_name="eu-central-1", **keys)
sent = {"ApplicationEncryptionConfigurationUpdate": {"KeyTypeUpdate": "CUSTOMER_MANAGED_KEY", "KeyIdUpdate": "1"}}
class Sent(Exception): pass
def stop(**_): raise Sent
client.meta.events.register("before-send", stop)
try:
    client.update_application(ApplicationName="a", ApplicationConfigurationUpdate=sent)
except Sent:
    print("sent", hasattr(client, "list_application_operations"))
except ParamValidationError:
    print("refused", hasattr(client, "list_application_operations"))
"""


@pytest.mark.parametrize(("carried", "answer"), [(False, "refused False"), (True, "sent True")])
def test_with_an_old_boto3_the_model_that_is_carried_is_used(carried: bool, answer: str, old_runtime: Path) -> None:
    path = str(CODE / LAMBDA_DATA_PATH.removeprefix("/var/task/"))
    given = f"import os; os.environ[{DATA_PATH_VARIABLE!r}] = {path!r}\n" if carried else "\n"
    done = run_in_a_lambda(given + UPDATE, old_runtime)
    assert done.stdout.strip() == answer, done.stderr


def test_nothing_but_boto3_is_there(runtime: Path) -> None:
    absent = ["aws_cdk", "constructs", "jsii", "packaging", "pydantic", "rich", "typer"]
    found = f"print([name for name in {absent} + ['boto3'] if importlib.util.find_spec(name)])"
    assert run_in_a_lambda(f"import importlib.util; {found}", runtime).stdout.strip() == "['boto3']"


def test_all_that_is_carried_can_be_imported(runtime: Path) -> None:
    done = run_in_a_lambda(f"import importlib; [importlib.import_module(name) for name in {sorted(MODULES)}]", runtime)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", [*HANDLERS, *FUNCTIONS])
def test_a_handler_runs_from_its_own_code(module: str, runtime: Path) -> None:
    program = (
        f"import {module} as handler;"
        "assert callable(handler.handle if hasattr(handler, 'handle') else handler.on_event and handler.is_complete);"
        "print(handler.__file__)"
    )
    done = run_in_a_lambda(program, runtime)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == MODULES[module]


def test_no_handler_is_overlooked() -> None:
    names = ("", ".events", ".function_settings", ".handler", ".logged_evidence", ".metric_lines", ".services")
    helpers = {f"cdk_penstock.handlers{name}" for name in names}
    found = {name for name in MODULES if name.startswith("cdk_penstock.handlers")}
    assert found == helpers | set(HANDLERS) | set(FUNCTIONS)


def test_the_clock_is_aware_of_its_time_zone() -> None:
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(minutes=1)
