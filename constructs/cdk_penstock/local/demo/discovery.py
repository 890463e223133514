"""Finds the scenarios of the workloads in a checkout: ``flink_app/NAME/NAME_scenario/scenario.py``.

The folder has no ``__init__.py``, so it is not packed with the job. Only the scenario that is asked for is imported.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from pathlib import Path
from typing import Final

from cdk_penstock.local.demo.scenario import Scenario
from cdk_penstock.local.errors import ScenarioError
from cdk_penstock.model.python_roots import add_python_roots

JOB_FOLDERS: Final = Path("flink_app")
"""The folder of the jobs, in the folder in which the command runs."""


def scenario_names() -> list[str]:
    """Return the names of the workloads that have a scenario."""
    return sorted(path.parent.name for path in JOB_FOLDERS.glob("*/*_scenario") if _module(path.parent.name).is_file())


def job_folder(name: str) -> Path:
    """Return the folder of a workload's job."""
    return JOB_FOLDERS / name


def load_scenario(name: str | None = None) -> type[Scenario]:
    """Return a workload's scenario; without a name the only one that there is.

    Raises ScenarioError where there is no scenario, for several and no name, and for a file that declares no scenario.
    """
    names = scenario_names()
    if not names:
        raise ScenarioError(
            f"there is no scenario in {JOB_FOLDERS.absolute()}: run this in a checkout of penstock, or write one for"
            f" your own job in {_module('NAME')}"
        )
    if name is None and len(names) > 1:
        raise ScenarioError(f"got no scenario, expected one of {', '.join(names)}: name it behind the command")
    chosen = name or names[0]
    if chosen not in names:
        near = difflib.get_close_matches(chosen, names, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise ScenarioError(f"got scenario {chosen!r}, expected one of {', '.join(names)}{hint}")
    return _load(chosen)


def _module(name: str) -> Path:
    return job_folder(name) / f"{name}_scenario" / "scenario.py"


def _load(name: str) -> type[Scenario]:
    add_python_roots(sys.path, job_folder(name))
    declared = getattr(importlib.import_module(f"{name}_scenario.scenario"), "SCENARIO", None)
    if not (isinstance(declared, type) and issubclass(declared, Scenario)):
        raise ScenarioError(
            f"{_module(name)}: got {declared!r} for SCENARIO, expected a subclass of {Scenario.__qualname__}"
        )
    return declared
