"""Commands that need a clone of penstock: build a job, synthesize and check every environment."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import PyFlinkProject, build_package

if TYPE_CHECKING:
    from cdk_penstock.packaging import PyFlinkPackage

_CDK: Final = Path("node_modules") / ".bin" / "cdk"


class CheckoutError(PenstockError):
    """The command does not run in a clone of penstock, or the checks of an environment failed."""


def build_job(folder: Path) -> PyFlinkPackage:
    """Build the package of a job of the checkout, as ``cdk deploy`` does."""
    if not folder.is_dir():
        raise CheckoutError(
            f"there is no {folder} in {Path.cwd()}: run this in a clone of penstock, or name the package of a"
            " job with --package"
        )
    return build_package(PyFlinkProject(folder), runtime=FlinkRuntime.FLINK_1_20)


def check_environments(package: Path, *, workload: str) -> list[str]:
    """Synthesize every environment with all checks, those of a workload with its package; return the stacks' names.

    Raises CheckoutError with the CDK's output if a check fails.
    """
    if not _CDK.exists():
        raise CheckoutError(f"there is no {_CDK} in {Path.cwd()}: run `make setup`")
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        context = {"package": package.absolute(), "workload": workload}
        common = [word for key, value in context.items() for word in ("--context", f"{key}={value}")]
        common += ["--output", folder]
        _run([str(_CDK), "synth", "--quiet", *common])
        return _run([str(_CDK), "ls", "--app", folder]).split("\n")


def _run(command: list[str]) -> str:
    environment = {**os.environ, "CI": "true"}  # so that the CDK asks nothing and uses no colours
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CheckoutError(
            f"{' '.join(command[:2])} failed with exit code {result.returncode}:\n{result.stdout}{result.stderr}"
        )
    return result.stdout.strip()
