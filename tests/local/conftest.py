"""One pipeline for all tests that need real processes, and the package that they run."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.flink.settings import FlinkOptions
from cdk_penstock.local.pipeline import LocalPipeline, PipelineOptions
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PyFlinkProject, build_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
VEHICLE_METRICS = ROOT / "flink_app" / "vehicle_metrics"
BEGIN_MS = 1_700_000_000_000
TOY_MAIN = """
import json, os, sys
from helper.rates import RATE
from pyflink.table import EnvironmentSettings, TableEnvironment

with open(os.environ["APPLICATION_PROPERTIES_FILE"]) as file:
    groups = {group["PropertyGroupId"]: group["PropertyMap"] for group in json.load(file)}
table = groups["toy"]["table"]
t = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
t.execute_sql(f"CREATE TABLE {table} (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '{RATE}')")
t.execute_sql("CREATE TABLE sink (a BIGINT, n BIGINT) WITH ('connector' = 'blackhole')")
t.execute_sql("INSERT INTO sink SELECT a, COUNT(*) FROM source GROUP BY a")
"""


@pytest.fixture(scope="session")
def job_python() -> Path:
    """Return the interpreter of an environment with apache-flink."""
    python = Path(os.environ.get("PENSTOCK_JOB_PYTHON") or ROOT / ".venv-job" / "bin" / "python")
    if not python.is_file():
        pytest.fail(f"{python} is not there: run `make setup`, or set PENSTOCK_JOB_PYTHON")
    return python


@pytest.fixture(scope="session")
def job_package() -> Path:
    """Return the vehicle job's package: the one that is named, else the one that would be deployed."""
    given = os.environ.get("PENSTOCK_JOB_PACKAGE")
    if given:
        return Path(given)
    return build_package(PyFlinkProject(VEHICLE_METRICS), runtime=FlinkRuntime.FLINK_1_20).path


@pytest.fixture(scope="session")
def toy_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package with a job that needs no connector."""
    package = tmp_path_factory.mktemp("toy") / "toy.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", TOY_MAIN)
        archive.writestr("nothing.py", "print('no job here')\n")
        archive.writestr("dep/helper/__init__.py", "")
        archive.writestr("dep/helper/rates.py", "RATE = 100\n")
    return package


@pytest.fixture(scope="session")
def pipeline(job_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPipeline]:
    """Return the pipeline that all tests share."""
    options = PipelineOptions(
        job_python=job_python,
        folder=tmp_path_factory.mktemp("pipeline"),
        flink=FlinkOptions(checkpoint_interval_seconds=1.0),
    )
    with LocalPipeline(options) as running:
        yield running


@pytest.fixture(scope="session")
def make_events() -> Callable[..., list[bytes]]:
    """Return a function that makes lines of a small fleet: out of order within 3 s, a few of them malformed."""

    def make(seed: int, *, count: int, region: str, vehicles: int = 40, step_ms: int = 20) -> list[bytes]:
        randomness = random.Random(seed)  # noqa: S311 - no secret
        lines = []
        for number in range(count):
            vehicle = randomness.randrange(vehicles)
            kind = randomness.choice(["IC_RPM", "ELECTRIC_RPM", "WARNINGS"])
            measurement = randomness.choice([0, 0, 1, 3]) if kind == "WARNINGS" else randomness.choice([0, 800, 2100])
            time_ms = BEGIN_MS + number * step_ms - randomness.randrange(3_000)
            lines.append(
                f'{{"eventType":"{kind}","vehicleId":"V{vehicle:010d}","region":"{region}-{vehicle % 2}",'
                f'"timestamp":{time_ms},"measurement":{measurement}}}'.encode()
            )
            if number % 500 == 250:
                lines.append(randomness.choice([b"broken {", b"{}", b'{"eventType":"SPEED","vehicleId":"V1"}']))
        return lines

    return make
