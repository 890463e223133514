"""The workloads of this app: a folder here with a ``pipeline.py``, and one of the same name in ``flink_app``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

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

    The job's folder becomes a source root, so that the infrastructure reads the contract that the job reads.
    """
    root = str(REPOSITORY / job_folder(name))
    if root not in sys.path:
        # At the end, so that a file of the job hides no module of the app.
        sys.path.append(root)
    pipeline: type[WorkloadPipeline] = importlib.import_module(f"stacks.{name}.pipeline").PIPELINE
    return pipeline
