"""Finding the programs that the pipeline runs, and saying how to get one that is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from cdk_penstock.local.errors import MissingProgramError

_INSTALL_HINTS: Final = {
    "java": "a Java runtime, version 11, 17 or 21: sudo apt-get install -y openjdk-17-jre-headless",
    "mvn": "Apache Maven: sudo apt-get install -y maven",
    "dpkg": "Debian's package tool, which only Debian and its relatives have",
    "apt-get": "Debian's package tool, which only Debian and its relatives have",
}


def require_program(name: str, *, purpose: str) -> str:
    """Return the full path of a program; raise MissingProgramError, with the purpose, if it is not on the PATH."""
    path = shutil.which(name)
    if path is None:
        hint = _INSTALL_HINTS.get(name, name)
        raise MissingProgramError(f"{name} is not on the PATH and is needed {purpose}; install {hint}")
    return path


def find_java(*, purpose: str) -> str:
    """Return the full path of ``java``: the one of JAVA_HOME if that is set, else the one on the PATH.

    Raises MissingProgramError if there is no Java.
    """
    home = os.environ.get("JAVA_HOME", "")
    if home:
        candidate = Path(home) / "bin" / "java"
        if not candidate.is_file():
            raise MissingProgramError(
                f"JAVA_HOME is {home}, but there is no {candidate}; correct JAVA_HOME or unset it"
            )
        return str(candidate)
    return require_program("java", purpose=purpose)
