"""The runbooks of the alarms: the same sections, and commands that a local MSF runs and saved queries that exist."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import boto3
import pytest
from typer.testing import CliRunner

from cdk_penstock.cli.app import app as penstock
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.model.log_queries import APPLICATION_QUERIES
from tests.docs.fences import ROOT, fences_of
from tests.docs.programs import PENSTOCK
from tests.docs.shell import commands_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = "vehicle-metrics-prod"
FOLDER = ROOT / "docs" / "runbooks"
RUNBOOKS = sorted(page for page in FOLDER.glob("*.md") if page.stem != "key")
SECTIONS = [
    "What it means",
    "What users of the data see",
    "Look",
    "End it",
    "It has ended",
    "False alarms",
]
QUERIES = {f"penstock/{APPLICATION}/{query.name}" for query in APPLICATION_QUERIES}
NOT_LOCAL = {"logs"}
"""The commands of penstock that read what no local MSF has: CloudWatch Logs."""


def commands(page: Path) -> list[list[str]]:
    return [words for fence in fences_of(page) for words in commands_of(fence.text)]


LOCAL = sorted(
    {
        tuple(words)
        for page in RUNBOOKS
        for words in commands(page)
        if (words[0] == PENSTOCK and words[2] not in NOT_LOCAL) or words[:2] == ["aws", "kinesisanalyticsv2"]
    }
)


@pytest.fixture(scope="module")
def msf(job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMsf]:
    """Return a local MSF with a simulated application that runs."""
    with LocalMsf(LocalMsfOptions(folder=tmp_path_factory.mktemp("msf"))) as running:
        options = running.client_options
        storage = boto3.client("s3", **options)
        storage.create_bucket(Bucket="code")
        storage.put_object(Bucket="code", Key="job.zip", Body=job_zip.read_bytes())
        client = boto3.client("kinesisanalyticsv2", **options)
        location = {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}
        client.create_application(
            ApplicationName=APPLICATION,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole="arn:aws:iam::000000000000:role/job",
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"S3ContentLocation": location},
                }
            },
        )
        client.start_application(ApplicationName=APPLICATION)
        running.wait_until_steady(APPLICATION)
        yield running


@pytest.fixture
def in_its_shell(msf: LocalMsf, monkeypatch: pytest.MonkeyPatch) -> LocalMsf:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in msf.environment.items():
        monkeypatch.setenv(name, value)
    return msf


@pytest.mark.parametrize("command", LOCAL, ids=" ".join)
def test_a_command_that_looks_works_on_a_local_msf(command: tuple[str, ...], in_its_shell: LocalMsf) -> None:
    if command[0] == PENSTOCK:
        result = CliRunner().invoke(penstock, command[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert result.output
        return
    client = boto3.client("kinesisanalyticsv2", **in_its_shell.client_options)
    operation, option, value = command[2:]
    assert option == "--application-name"
    assert getattr(client, operation.replace("-", "_"))(ApplicationName=value)


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_each_runbook_has_the_same_sections_and_three_commands(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE))
    found = commands(page)
    assert [words[0] for words in found] == [PENSTOCK, "aws", "aws"]


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_each_saved_query_that_a_runbook_names_exists(page: Path) -> None:
    named = set(re.findall(rf"penstock/{APPLICATION}/[a-z-]+", page.read_text(encoding="utf-8")))
    assert named
    assert named <= QUERIES


def test_the_index_lists_every_runbook_with_its_title() -> None:
    index = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[[a-z-]+\]\(runbooks/([a-z-]+)\.md\) \| (.+) \|$", index, re.MULTILINE))
    titles = {page.stem: page.read_text("utf-8").splitlines()[0].removeprefix("# Runbook: ") for page in RUNBOOKS}
    assert listed.keys() == titles.keys() | {"key"}
    assert {name: listed[name] for name in titles} == titles
