"""The workloads of this app: a folder here with a ``pipeline.py``, and one of the same name in ``flink_app``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.python_roots import add_python_roots

if TYPE_CHECKING:
    from stacks.workload_pipeline import WorkloadPipeline

DEFAULT_WORKLOAD: Final = "vehicle_metrics"
REPOSITORY: Final = Path(__file__).resolve().parent.parent
"""The folder to which paths in an environment's file are relative."""


def workload_names() -> list[str]:
    """Return the names of all workloads."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/pipeline.py"))


def job_folder(name: str) -> Path:
    """Return the folder of a workload's job, relative to the repository."""
    return Path("flink_app") / name


def pipeline_of(name: str) -> type[WorkloadPipeline]:
    """Return the pipeline of a workload, which its module calls ``PIPELINE``.

    The job's folder and ``flink_app/shared`` become source roots, so that the infrastructure reads the contract that
    the job reads.
    """
    add_python_roots(sys.path, REPOSITORY / job_folder(name))
    pipeline: type[WorkloadPipeline] = importlib.import_module(f"stacks.{name}.pipeline").PIPELINE
    return pipeline
