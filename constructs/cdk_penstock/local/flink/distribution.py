"""The Flink that the ``apache-flink`` package of a Python environment contains."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cdk_penstock.local.errors import MissingProgramError

INSPECTION_TIMEOUT_SECONDS = 60.0
LOCATE_SCRIPT = (
    "import importlib.util as u; s = u.find_spec('pyflink'); print(s.submodule_search_locations[0] if s else '')"
)


@dataclass(frozen=True, kw_only=True)
class FlinkDistribution:
    """A Flink distribution inside a Python environment.

    ``python`` is that environment's interpreter, ``home`` the folder with ``bin``, ``lib`` and ``conf``.
    """

    python: Path
    home: Path

    @property
    def python_jar(self) -> Path:
        """The jar that runs Python programs."""
        return next(iter(sorted((self.home / "opt").glob("flink-python-*.jar"))))

    @property
    def version(self) -> str:
        """The version, for example 1.20.5."""
        return self.python_jar.stem.rpartition("-")[2]

    @property
    def java_options(self) -> str:
        """The options that Flink needs on the Java it supports, from the configuration it ships."""
        return parse_java_options((self.home / "conf" / "config.yaml").read_text(encoding="utf-8"))


def parse_java_options(configuration: str) -> str:
    """Return the value of ``env.java.opts.all`` of a ``config.yaml`` as Flink ships it, without a YAML parser.

    Parameters
    ----------
    configuration
        The file's text, in which the options stand on one line of their own.
    """
    for line in configuration.splitlines():
        key, _, value = line.strip().partition(":")
        if key in {"all", "env.java.opts.all"} and value.strip().startswith("--add"):
            return value.strip()
    return ""


def find_flink(python: Path) -> FlinkDistribution:
    """Return the Flink of a Python environment.

    Parameters
    ----------
    python
        The environment's interpreter.

    Raises
    ------
    MissingProgramError
        There is no such interpreter, or ``apache-flink`` is not installed in its environment.
    """
    fix = "make the job's environment: python3.11 -m venv .venv-job && .venv-job/bin/pip install apache-flink==1.20.5"
    if not python.is_file():
        raise MissingProgramError(f"the job's python {python} does not exist; {fix}")
    found = subprocess.run(
        [str(python), "-I", "-c", LOCATE_SCRIPT],
        check=False, capture_output=True, text=True, timeout=INSPECTION_TIMEOUT_SECONDS,
    )  # fmt: skip
    home = found.stdout.strip()
    if found.returncode != 0 or not home:
        raise MissingProgramError(f"the package apache-flink is not installed for {python}; {fix}")
    # The interpreter stays unresolved: behind a virtual environment's link there is one without its packages.
    return FlinkDistribution(python=python.absolute(), home=Path(home))
