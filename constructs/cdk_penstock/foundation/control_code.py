"""Code of penstock's Lambda functions, with the newest description of MSF's API.

The boto3 of a Lambda runtime depends on the runtime's version and the Region (Lambda, runtimes and SDK versions). A
boto3 that is a year old knows no customer managed keys of applications: it sends none, and describes an application
with one as if it had the AWS-owned key. botocore reads its descriptions of services from ``AWS_DATA_PATH`` first, so
that 30 kB of data are enough, instead of the 15 MB of a newer boto3.
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

CARRIED_PACKAGES: Final = ("model", "control", "handlers")
"""Packages that run in a Lambda function. They import neither the CDK nor a third-party library but boto3."""

DATA_PATH_VARIABLE: Final = "AWS_DATA_PATH"
_MODELS: Final = "models"
LAMBDA_DATA_PATH: Final = f"/var/task/{_MODELS}"
"""Folder of the service descriptions in a function."""
_MODEL: Final = Path("kinesisanalyticsv2", "2018-05-23", "service-2.json.gz")
"""Description of the one service for which the boto3 of a runtime of 2025 may be too old."""


@cache
def control_code_folder() -> str:
    """Return a folder with the code of penstock's Lambda functions, which is removed when the process ends.

    The code is copied from the installed penstock, a checkout or a wheel. All functions share one folder, because the
    CDK reads each new path again.
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
    """Return the data folder of botocore, without importing it: that takes as long as the synthesis of a stack."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:  # pragma: no cover - a requirement of this package
        raise PenstockError("penstock needs boto3 for the functions of its custom resources: pip install boto3")
    return Path(spec.origin).parent / "data"
