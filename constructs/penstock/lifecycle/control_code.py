"""The part of penstock that a Lambda function carries."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import penstock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("CARRIED_PACKAGES", "control_code_folder")

CARRIED_PACKAGES: Final = ("model", "control", "handlers")
"""What runs in a Lambda function; nothing of it imports the CDK, or a third-party library but boto3."""


@contextmanager
def control_code_folder() -> Iterator[str]:
    """Yield a folder with the code of penstock's Lambda functions, for as long as the CDK copies it.

    It is taken from where penstock is installed, so it works from a checkout and from a wheel alike.
    """
    source = Path(penstock.__file__).parent
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        target = Path(folder) / "penstock"
        for package in CARRIED_PACKAGES:
            shutil.copytree(source / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(source / "__init__.py", target / "__init__.py")
        yield folder
