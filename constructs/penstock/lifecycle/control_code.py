"""The part of penstock that a Lambda function carries."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import penstock

__all__ = ("CARRIED_PACKAGES", "control_code_folder")

CARRIED_PACKAGES: Final = ("model", "control", "handlers")
"""What runs in a Lambda function; nothing of it imports the CDK, or a third-party library but boto3."""


@cache
def control_code_folder() -> str:
    """Return a folder with the code of penstock's Lambda functions, which goes when the process ends.

    It is taken from where penstock is installed, so it works from a checkout and from a wheel alike. It is one for all
    functions: the CDK reads a folder again for each path that it does not know.
    """
    source = Path(penstock.__file__).parent
    folder = tempfile.mkdtemp(prefix="penstock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = Path(folder) / "penstock"
    for package in CARRIED_PACKAGES:
        shutil.copytree(source / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(source / "__init__.py", target / "__init__.py")
    return folder
