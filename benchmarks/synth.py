"""Time that synthesis of all environments takes, compared with an empty app in the same run; and packaging, unchanged.

Run with ``make bench``. Figures are medians of several processes each; the ratio is what counts on a shared machine.
The bare app has the same stacks with the same resources, each one call of the CDK: what their number alone costs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7
EMPTY = "from aws_cdk import App, Stack; app = App(); Stack(app, 'Empty'); app.synth()"
UNCHECKED = "from app import App, add_stages; add_stages(App()).synth()"
BARE = """
import json, sys
from pathlib import Path
from aws_cdk import App, CfnResource, Stack, Stage
app = App(outdir=sys.argv[2])
for stage, templates in json.loads(Path(sys.argv[1]).read_text()).items():
    scope = Stage(app, stage)
    for name, resources in templates.items():
        stack = Stack(scope, name)
        for logical_id, resource in resources.items():
            CfnResource(stack, logical_id, type=resource["Type"], properties=resource.get("Properties"))
app.synth()
"""
TARGET_RATIO = 2.5


def write_package(folder: Path) -> Path:
    """Write the smallest package that passes the checks, so that no build is measured."""
    jar = folder / "job.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    package = folder / "job.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", "pass\n")
        archive.writestr("generator.py", "pass\n")
        archive.write(jar, "lib/pyflink-dependencies.jar")
    return package


def write_resources(folder: Path) -> Path:
    """Write the resources of all synthesized templates, by stage and stack."""
    found = {
        stage.name: {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())["Resources"]
            for path in stage.glob("*.template.json")
        }
        for stage in (folder / "cdk.out").glob("assembly-*")
    }
    path = folder / "resources.json"
    path.write_text(json.dumps({name.removeprefix("assembly-"): stacks for name, stacks in found.items()}))
    print(f"{sum(len(each) for stacks in found.values() for each in stacks.values())} resources")
    return path


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Run a process and return how long it took."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        context["package"] = str(write_package(folder))
        environment = {
            **os.environ,
            "CDK_VALIDATION": "false",
            "CDK_OUTDIR": str(folder / "cdk.out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }
        seconds([sys.executable, "-c", UNCHECKED], environment)
        resources = write_resources(folder)
        commands = {
            "an empty app": ["-c", EMPTY],
            "a bare app of the same size": ["-c", BARE, str(resources), str(folder / "bare.out")],
            "importing the app": ["-c", "import app"],
            "all environments": ["-c", UNCHECKED],
            "with cdk-nag and MsfChecks": ["app.py"],
        }
        measured: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for what, command in commands.items():
                measured[what].append(seconds([sys.executable, *command], environment))
    report(measured)
    measure_packaging()


def report(measured: dict[str, list[float]]) -> None:
    """Print each median, and its ratio to the first."""
    baseline = statistics.median(next(iter(measured.values())))
    for name, runs in measured.items():
        median = statistics.median(runs)
        spread = f"{min(runs):.2f} to {max(runs):.2f}"
        print(f"{name:28}{median:6.2f} s  {median / baseline:5.2f} times the empty app  ({RUNS} runs, {spread})")
    print(f"target: all environments, validators off, at most {TARGET_RATIO} times the empty app")


def measure_packaging() -> None:
    """Measure packaging of the bundled job when nothing has changed."""
    command = [str(Path(sys.executable).with_name("penstock")), "package", "flink_app/vehicle_metrics"]
    environment = dict(os.environ)
    seconds(command, environment)
    unchanged = [seconds(command, environment) for _ in range(RUNS)]
    print(f"package, nothing changed    {statistics.median(unchanged):6.2f} s  (target: under 1 s)")


if __name__ == "__main__":
    main()
