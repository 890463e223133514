"""Switches of the CDK and small code archives for all tests."""

from __future__ import annotations

import functools
import gc
import io
import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings

# Read when aws_cdk is imported and at each synthesis. The built-in validation costs seconds; marked tests turn it on.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
os.environ["CDK_VALIDATION"] = "false"
# Neither a copy of each asset for each app, nor where in a program each construct was made: a quarter of a synthesis.
# A test that reads the copies has an app with WITH_ASSETS as its post_cli_context.
os.environ["CDK_CONTEXT_JSON"] = json.dumps({"aws:cdk:disable-asset-staging": True})
os.environ["CDK_DISABLE_STACK_TRACE"] = "1"
WITH_ASSETS = {"aws:cdk:disable-asset-staging": False}
# Each session of boto3 parses its services' models again, a client a session: here each file is parsed once.
JSONFileLoader.load_file = functools.cache(JSONFileLoader.load_file)

# A deadline would measure the machine, not the code.
settings.register_profile("thorough", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=25)
settings.load_profile(os.environ.get("PENSTOCK_HYPOTHESIS", "thorough"))

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that start slow programs, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in ("build", "validators"))}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and not in what is imported by now: a quarter of a run went through what stays."""
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)


def make_jar(files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a jar with a manifest and these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF"), "Manifest-Version: 1.0\n")
        for name, content in (files or {}).items():
            jar.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def write_archive(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a PyFlink zip: the files given, over a main.py and one jar."""

    def write(files: Mapping[str, bytes | None] | None = None, *, name: str = "job.zip") -> Path:
        content = {"main.py": b"print('job')\n", "lib/pyflink-dependencies.jar": make_jar(), **(files or {})}
        path = tmp_path_factory.mktemp("archive") / name
        with zipfile.ZipFile(path, "w") as archive:
            for entry, data in content.items():
                if data is not None:
                    # Without the time of day, which would make another archive of the same content.
                    archive.writestr(zipfile.ZipInfo(entry), data)
        return path

    return write


@pytest.fixture(scope="session")
def job_zip(write_archive: Callable[..., Path]) -> Path:
    """Return a PyFlink zip with an entry point, a module and a jar."""
    return write_archive({"generator.py": b"print('fleet')\n", "dep/job/__init__.py": b""})
