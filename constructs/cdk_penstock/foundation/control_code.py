"""The part of penstock that a Lambda function carries, with the newest description of MSF's API.

The boto3 of a Lambda runtime depends on the runtime's version and the Region (Lambda, runtimes and SDK versions), and
one that is a year old knows no customer managed key: it refuses to send one, and reads an application that is under one
as under the AWS-owned key. What botocore knows of a service is data, which it first looks for where ``AWS_DATA_PATH``
says. So 30 kB of data do what 15 MB of code would.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import cdk_penstock
from cdk_penstock.model.errors import PenstockError

__all__ = ("CARRIED_PACKAGES", "DATA_PATH_VARIABLE", "LAMBDA_DATA_PATH", "control_code_folder")

CARRIED_PACKAGES: Final = ("model", "control", "handlers")
"""What runs in a Lambda function; nothing of it imports the CDK, or a third-party library but boto3."""

DATA_PATH_VARIABLE: Final = "AWS_DATA_PATH"
_MODELS: Final = "models"
LAMBDA_DATA_PATH: Final = f"/var/task/{_MODELS}"
"""Where Lambda puts the models that the functions carry."""
_MODEL: Final = Path("kinesisanalyticsv2", "2018-05-23", "service-2.json.gz")
"""The one service of which the handlers need more than a runtime of 2025 is sure to know."""


@cache
def control_code_folder() -> str:
    """Return a folder with the code of penstock's Lambda functions, which goes when the process ends.

    It is taken from where penstock is installed, so it works from a checkout and from a wheel alike. It is one for all
    functions: the CDK reads a folder again for each path that it does not know.
    """
    source = Path(cdk_penstock.__file__).parent
    folder = tempfile.mkdtemp(prefix="penstock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = Path(folder) / "cdk_penstock"
    for package in CARRIED_PACKAGES:
        shutil.copytree(source / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(source / "__init__.py", target / "__init__.py")
    model = Path(folder) / _MODELS / _MODEL
    model.parent.mkdir(parents=True)
    shutil.copyfile(_botocore_data() / _MODEL, model)
    return folder


def _botocore_data() -> Path:
    """Return where the installed botocore has its data; it is not imported, which would take as long as a stack."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:  # pragma: no cover - a requirement of this package
        message = "penstock needs boto3 for the functions of its custom resources: pip install boto3"
        raise PenstockError(message)
    return Path(spec.origin).parent / "data"
