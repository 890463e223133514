"""CPU that a rehearsal of prod takes, compared with its synthesis: all processes of both, medians of several runs.

Run with ``make bench``.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.synth import write_package

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
TARGET_RATIO = 5.0


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    """Run a process and return the CPU of it and of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        context |= {"package": str(write_package(folder)), "env": "prod", "aws:cdk:enable-path-metadata": True}
        environment = {
            **os.environ,
            "CDK_OUTDIR": str(folder / "cdk.out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }
        penstock = str(Path(sys.executable).with_name("penstock"))
        commands = {
            "synthesis of prod": [sys.executable, "app.py"],
            "rehearsal of prod": [penstock, "rehearse", "prod", "--assembly", str(folder / "cdk.out")],
        }
        medians = {}
        for what, command in commands.items():
            runs = [cpu_seconds(command, environment) for _ in range(RUNS)]
            medians[what] = statistics.median(runs)
            print(f"{what:28}{medians[what]:6.1f} s of CPU  ({RUNS} runs, {min(runs):.1f} to {max(runs):.1f})")
    synthesis, rehearsal = medians.values()
    print(f"ratio {rehearsal / synthesis:.1f}  (target: at most {TARGET_RATIO})")


if __name__ == "__main__":
    main()
