from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, find_problems
from cdk_penstock.packaging.code_archive import PackageManifest
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Assembled here, so that no scanner takes these tests for a leak.
ACCESS_KEY = b"AKIA" + b"I44QH8DHBQ7WXYZA"
PEM_HEADER = b"-----BEGIN " + b"RSA PRIVATE KEY-----"
BODY = b"MIIEowIBAAKCAQEAx5Y1u0kVZ9bW3mQf7p8rT2sLhJ6nDqEoGiK4aUcXyBvN" + b"gAw="


@pytest.fixture
def problems(write_archive: Callable[..., Path]) -> Callable[[dict[str, bytes]], list[str]]:
    def find(files: dict[str, bytes]) -> list[str]:
        return find_problems(CodeArchive.open(write_archive(files)), runtime=FlinkRuntime.FLINK_1_20)

    return find


@pytest.mark.parametrize(
    "name", [".env", ".env.prod", "dep/job/.aws/config", "dep/job/id_rsa", "dep/job/server.key", "dep/job/keystore.jks"]
)
def test_a_secret_is_found_by_its_name(problems: Callable[..., list[str]], name: str) -> None:
    (in_zip,) = problems({name: b""})
    assert in_zip.startswith(f"{name} looks like a secret, and everybody who may read the code could read it")
    (in_jar,) = problems({"lib/pyflink-dependencies.jar": make_jar({name: b""})})
    assert in_jar.startswith(f"{name} in lib/pyflink-dependencies.jar looks like a secret")


@pytest.mark.parametrize(
    "content",
    [
        b"KEY = '" + ACCESS_KEY + b"'",
        PEM_HEADER + b"\n" + BODY,
        PEM_HEADER + b"\r\n  " + BODY,
        PEM_HEADER + b"\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n" + BODY,
        b'{"private_key": "' + PEM_HEADER + b"\\n" + BODY + b'\\n"}',
        b'KEY = (\n    b"' + PEM_HEADER + b'\\n"\n    b"' + BODY + b'\\n"\n)',
        b'KEY = "' + PEM_HEADER + b'\\n" +\n    "' + BODY + b'"',
    ],
)
def test_a_secret_is_found_by_its_content(problems: Callable[..., list[str]], content: bytes) -> None:
    (problem,) = problems({"dep/job/settings.txt": content})
    assert problem.startswith("dep/job/settings.txt looks like a secret")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dep/job/docs.py", b'"""For example AKIA' + b'IOSFODNN7EXAMPLE."""'),
        ("dep/job/pem.py", b'PREFIX = b"' + PEM_HEADER + b'"\n\n\ndef is_private_key(text: bytes) -> bool: ...\n'),
        ("dep/job/client.truststore.jks", b""),
    ],
)
def test_a_file_that_only_looks_like_a_secret_is_accepted(
    problems: Callable[..., list[str]], name: str, content: bytes
) -> None:
    assert problems({name: content}) == []


def test_third_party_packages_beside_the_jobs_own_are_ignored(problems: Callable[..., list[str]]) -> None:
    manifest = PackageManifest(runtime="FLINK-1_20", packages=("job",)).to_json()
    files = {"penstock-package.json": manifest, "dep/botocore/examples.json": ACCESS_KEY, "dep/moto/ca.key": b""}
    assert problems(files) == []
    (problem,) = problems({**files, "dep/job/settings.py": b"KEY = '" + ACCESS_KEY + b"'"})
    assert problem.startswith("dep/job/settings.py looks like a secret")


def test_files_that_pip_installed_into_another_builders_zip_are_ignored(problems: Callable[..., list[str]]) -> None:
    record = b'botocore/examples.json,sha256=0,20\n"moto/a,b.key",,\nbotocore-1.0.dist-info/RECORD,,\n'
    files = {
        "dep/botocore-1.0.dist-info/RECORD": record,
        "dep/botocore/examples.json": ACCESS_KEY,
        "dep/moto/a,b.key": b"",
    }
    assert problems(files) == []
    (problem,) = problems({**files, "dep/botocore/added.json": ACCESS_KEY})
    assert problem.startswith("dep/botocore/added.json looks like a secret")
