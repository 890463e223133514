"""The library knows no workload, and a workload is two folders and a line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cdk_penstock.packaging import PyFlinkProject
from stacks.workloads import workload_names

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = """
[events]
cluster_name = "hello"

[metrics]
workspace_name = "hello"

[operators]
permission_sets = ["FlinkOperator"]

[application]
name = "hello"
start = true
"""
JOB = """
from flink_job.declarations import Text
from hello.greeting import GREETING

print(Text("greeting", "the words", GREETING).default)
"""
PIPELINE = """
from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.pipeline import KinesisSink, KinesisSource
from cdk_penstock.streams.kinesis import EventStream
from stacks.applications import build_application
from stacks.workload_pipeline import WorkloadPipeline

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.pipeline import Sink, Source


class HelloPipeline(WorkloadPipeline):
    def build_source(self, scope: Construct) -> Source:
        return KinesisSource(events=EventStream(scope, "In", stream_name="hello-in"), network=self.network)

    def build_sink(self, scope: Construct) -> Sink:
        return KinesisSink(stream=EventStream(scope, "Out", stream_name="hello-out"), network=self.network)

    def build_application(self, scope: Construct) -> FlinkApplication:
        settings, network = self.environment.application, self.network
        return build_application(scope, "Hello", settings, environment=self.environment, network=network)


PIPELINE = HelloPipeline
"""
SYNTHESIS = """
import json

from aws_cdk import App

from app import add_stages

context = json.load(open("cdk.json"))["context"]
add_stages(App(context={**context, "env": "hello"}, outdir="out")).synth()
"""


def test_the_library_knows_no_workload() -> None:
    words = ["vehicle"]
    for name in workload_names():
        words += [f"{name}_scenario", f"flink_app/{name}", f"stacks.{name}", f"stacks/{name}"]
    for path in (ROOT / "constructs").rglob("*"):
        if path.suffix == ".gz":
            continue  # AWS's names of all resource types, some of which are about vehicles
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
            place = str(path.relative_to(ROOT)).lower()
            text = place + path.read_text(encoding="utf-8").lower()
            assert not [word for word in words if word in text], place


@pytest.mark.parametrize("name", workload_names())
def test_what_belongs_to_the_scenario_is_not_packed_with_the_job(name: str) -> None:
    folder = ROOT / "flink_app" / name
    assert (folder / f"{name}_scenario" / "scenario.py").is_file()
    packed = PyFlinkProject(folder).sources()
    assert {f"dep/{name}/contract.py", "dep/flink_job/declarations.py"} < set(packed)
    assert not [each for each in packed if "scenario" in each or "samples" in each]


@pytest.mark.parametrize("name", workload_names())
def test_the_contract_needs_nothing_but_the_standard_library(name: str) -> None:
    foreign = "{'pydantic', 'aws_cdk', 'cdk_penstock'} & set(sys.modules)"
    program = f"import {name}.contract, sys; sys.exit(bool({foreign}))"
    environment = {"PYTHONPATH": os.pathsep.join(str(ROOT / "flink_app" / each) for each in (name, "shared"))}
    assert subprocess.run([sys.executable, "-S", "-c", program], env=environment, check=False).returncode == 0


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the app with the workload hello, and with the library itself."""
    folder = tmp_path_factory.mktemp("copy")
    skipped = shutil.ignore_patterns("target", ".penstock", "__pycache__", "java")
    for name in ("flink_app", "stacks", "environments"):
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, folder / name)
    for path, text in {
        "flink_app/hello/main.py": JOB,
        "flink_app/hello/hello/__init__.py": "",
        "flink_app/hello/hello/greeting.py": "GREETING = 'hello'\n",
        "stacks/hello/__init__.py": "",
        "stacks/hello/pipeline.py": PIPELINE,
        "environments/hello.toml": 'workload = "hello"\n' + ENVIRONMENT,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_new_workload_is_two_folders_and_a_line(copy: Path) -> None:
    paths = os.pathsep.join([str(copy), str(ROOT / "constructs")])
    done = subprocess.run(
        [sys.executable, "-P", "-c", SYNTHESIS],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (template,) = (copy / "out" / "assembly-Hello").glob("*Processing*.template.json")
    resources: dict[str, dict[str, Any]] = json.loads(template.read_text())["Resources"]
    (application,) = (each for each in resources.values() if each["Type"] == "AWS::KinesisAnalyticsV2::Application")
    configuration = application["Properties"]["ApplicationConfiguration"]
    groups = {g["PropertyGroupId"]: g["PropertyMap"] for g in configuration["EnvironmentProperties"]["PropertyGroups"]}
    assert groups["kinesis.analytics.flink.run.options"]["python"] == "main.py"
    assert {"input.events", "output.events"} < set(groups)
    (package,) = (copy / "flink_app" / "hello" / ".penstock").glob("*.zip")
    with zipfile.ZipFile(package) as archive:
        assert {"main.py", "dep/hello/greeting.py", "dep/flink_job/declarations.py"} < set(archive.namelist())
