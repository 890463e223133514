"""The guide of the local MSF: a local MSF does what it shows, and its tables are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import boto3
import pytest

from cdk_penstock.local.service import admin
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.model.lifecycle.switches import SWITCH_SOURCES, Switches
from tests.docs.fences import IN_A_PYTEST, NEEDS_LOCAL_MSF, ROOT, all_fences, fences_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ["pytester"]

PAGE = ROOT / "docs" / "local-msf.md"
CLIENTS = ROOT / ".venv-clients" / "bin"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("msf")


@pytest.fixture(scope="module")
def msf(folder: Path) -> Iterator[LocalMsf]:
    with LocalMsf(LocalMsfOptions(folder=folder)) as running:
        yield running


@pytest.fixture(autouse=True)
def in_a_folder_with_a_package(msf: LocalMsf, job_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with job.zip, in a shell that has the variables of the local MSF."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in msf.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "job.zip").write_bytes(job_zip.read_bytes())
    monkeypatch.chdir(tmp_path)


def fences(kind: str, first_line: str) -> list[str]:
    return [each.text for each in all_fences(kind) if each.text.startswith(first_line)]


def life(msf: LocalMsf, name: str) -> list[tuple[str, str]]:
    """Return the operations of an application and their ends, the first one first, and its snapshot."""
    client = boto3.client("kinesisanalyticsv2", **msf.client_options)
    found = client.list_application_operations(ApplicationName=name)["ApplicationOperationInfoList"]
    snapshot = client.describe_application_snapshot(ApplicationName=name, SnapshotName="before")["SnapshotDetails"]
    operations = [(each["Operation"], each["OperationStatus"]) for each in reversed(found)]
    return [*operations, (snapshot["SnapshotName"], snapshot["SnapshotStatus"])]


LIFE = [
    ("StartApplication", "SUCCESSFUL"),
    ("UpdateApplication", "SUCCESSFUL"),
    ("RollbackApplication", "SUCCESSFUL"),
    ("before", "READY"),
]


def test_the_program_creates_starts_updates_saves_and_rolls_back(
    msf: LocalMsf, capsys: pytest.CaptureFixture[str]
) -> None:
    for code in fences("python", NEEDS_LOCAL_MSF):
        exec(compile(code, str(PAGE), "exec"), {"__name__": "guide"})  # noqa: S102 (that is the test)
    assert capsys.readouterr().out == "RUNNING\n"
    assert life(msf, "clicks") == LIFE


@pytest.mark.build
def test_the_commands_of_the_aws_cli_do_the_same(msf: LocalMsf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{CLIENTS}:{os.environ['PATH']}")
    for script in fences("sh", NEEDS_LOCAL_MSF):
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert msf.wait_until_steady("visits").status == "RUNNING"
    assert life(msf, "visits") == LIFE


def test_the_tests_pass_in_another_project(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["cdk_penstock.testing.msf_fixtures"]')
    codes = fences("python", IN_A_PYTEST)
    pytester.makepyfile(**{f"test_{number}": code for number, code in enumerate(codes)})
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q").assert_outcomes(passed=len(codes))


def test_the_provider_of_terraform_names_the_services_that_are_served(msf: LocalMsf) -> None:
    (provider,) = [fence.text for fence in fences_of(PAGE) if fence.kind == "hcl"]
    assert provider.count("{") == provider.count("}") == 2
    block = re.search(r"^  endpoints \{\n(.*?)^  \}$", provider, re.DOTALL | re.MULTILINE)
    assert block
    endpoints = dict(re.findall(r'^    (\w+) += "(http://127\.0\.0\.1:\d+)"$', block[1], re.MULTILINE))
    assert len(endpoints) == len(block[1].splitlines())
    assert endpoints.keys() <= set(boto3.Session().get_available_services())
    served = {name for name, value in msf.environment.items() if value == msf.url}
    assert {variable_of(service) for service in endpoints} == served
    assert len(set(endpoints.values())) == 1


def variable_of(service: str) -> str:
    """Return the variable with which AWS's SDKs find the endpoint of a service."""
    model = boto3.client(service, region_name="us-east-1").meta.service_model
    return f"AWS_ENDPOINT_URL_{str(model.service_id).upper().replace(' ', '_')}"


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in re.findall(r"^\|.+\|$", section, re.MULTILINE)
    ]


def test_the_table_of_switches_is_that_of_the_code() -> None:
    defaults = Switches()
    rows = [[f"`{name}`", f"`{getattr(defaults, name)}`", source] for name, source in SWITCH_SOURCES.items()]
    assert table("Where MSF's own sources disagree")[2:] == rows


def test_the_requests_of_the_admin_api_are_those_that_it_describes() -> None:
    described = set(re.findall(r"^``[A-Z, `]+(/[\w/-]+)``", str(admin.__doc__), re.MULTILINE))
    rows = table("Faults and the admin API")[2:]
    assert {row[0].strip("`").split()[1] for row in rows} == described


@pytest.mark.usefixtures("msf")
def test_everything_that_a_run_keeps_is_in_the_table_of_the_folder(folder: Path) -> None:
    named = {name for row in table("State, restart, memory")[2:] for name in re.findall(r"`([\w.]+)`", row[0])}
    kept = {path.name for path in folder.iterdir()} - {"records.sqlite-wal", "records.sqlite-shm"}
    assert kept <= named
