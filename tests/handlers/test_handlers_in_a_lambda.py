"""What a Lambda function carries is enough for the handlers, and nothing else is loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import penstock
from penstock.control.clients import Clock


@pytest.mark.parametrize(
    "module", ["application", "application_key", "application_start", "kafka_bootstrap_brokers", "grafana_content"]
)
def test_a_handler_runs_from_its_own_code(module: str, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import penstock.handlers.{module} as handler;"
        "assert handler.__file__.startswith(sys.argv[1]);"
        "assert callable(handler.on_event) and callable(handler.is_complete);"
        "foreign = {'aws_cdk', 'jsii', 'typer', 'pydantic', 'rich', 'constructs'} & set(sys.modules);"
        "sys.exit(', '.join(foreign) or 0)"
    )
    source = Path(penstock.__file__).parent
    for package in ("model", "control", "handlers"):
        shutil.copytree(source / package, tmp_path / "penstock" / package)
    shutil.copyfile(source / "__init__.py", tmp_path / "penstock" / "__init__.py")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


def test_the_clock_is_aware_of_its_time_zone() -> None:
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(minutes=1)
