"""``penstock local``: a local MSF in the background, with simulated jobs; one test starts everything for real."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from typer.testing import CliRunner, Result

from cdk_penstock.cli.local import local_app
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.stack import LocalStack, LocalStackOptions
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


PENSTOCK = Path(sys.executable).with_name("penstock")
ROOT = Path(__file__).resolve().parents[2]
JOB_PYTHON = Path(os.environ.get("PENSTOCK_JOB_PYTHON") or ROOT / ".venv-job" / "bin" / "python")
SIMULATED = ("--simulate", "--no-kafka", "--no-prometheus")
TIMEOUT_SECONDS = 120
FAILED, WRONG_ARGUMENTS, INTERRUPTED = 1, 2, 130
RUN_OPTIONS = {"PropertyGroupId": RUN_OPTIONS_GROUP, "PropertyMap": {"python": "main.py"}}
MAIN = """
from pyflink.table import EnvironmentSettings, TableEnvironment

t = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
t.execute_sql("CREATE TABLE source (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '10')")
t.execute_sql("CREATE TABLE sink (n BIGINT) WITH ('connector' = 'blackhole')")
t.execute_sql("INSERT INTO sink SELECT n FROM source")
"""


def local(command: str, folder: Path | str, *arguments: str) -> Result:
    """Run a command of penstock local on a folder."""
    return CliRunner().invoke(
        local_app, [command, "--folder", str(folder), *arguments], env={"COLUMNS": "400"}, catch_exceptions=False
    )


def variables() -> dict[str, str]:
    """Return the environment without what leads to another local MSF or to AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PENSTOCK_LOCAL"))}


def exported(stdout: str) -> dict[str, str]:
    """Return the variables of lines that a shell evaluates; raise AssertionError for any other line."""
    found = {}
    for line in stdout.splitlines():
        word, assignment = shlex.split(line)
        assert word == "export"
        name, _, found[name] = assignment.partition("=")
    return found


def up(folder: Path, *arguments: str) -> dict[str, str]:
    """Start a local MSF, and return the variables that lead to it."""
    done = local("up", folder, *(arguments or SIMULATED))
    assert done.exit_code == 0, done.stderr
    return exported(done.stdout)


def pid_of(folder: Path) -> int:
    return int(json.loads(local("status", folder, "--json").stdout)["pid"])


def client(service: str, environment: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def create(environment: dict[str, str], code: bytes, **configuration: Any) -> None:
    """Create the application that is called kept."""
    s3 = client("s3", environment)
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="job.zip", Body=code)
    content = {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}}
    configuration["ApplicationCodeConfiguration"] = {"CodeContentType": "ZIPFILE", "CodeContent": content}
    client("kinesisanalyticsv2", environment).create_application(
        ApplicationName="kept",
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole="arn:aws:iam::000000000000:role/job",
        ApplicationConfiguration=configuration,
    )


def status_of(environment: dict[str, str]) -> str:
    described = client("kinesisanalyticsv2", environment).describe_application(ApplicationName="kept")
    return str(described["ApplicationDetail"]["ApplicationStatus"])


class Process(NamedTuple):
    """A process of this machine."""

    pid: int
    parent: int
    is_ended: bool
    command: str


def processes() -> list[Process]:
    lines = subprocess.run(["ps", "-wweo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    found = []
    for line in lines.splitlines():
        pid, parent, state, *command = line.split(maxsplit=3)
        found.append(Process(int(pid), int(parent), state.startswith("Z"), "".join(command)))
    return found


def descendants(pid: int) -> set[int]:
    """Return the processes that a process and its children have started."""
    children = {each.pid for each in processes() if each.parent == pid}
    return children.union(*(descendants(child) for child in children))


def running(pids: set[int]) -> set[int]:
    """Return those of some processes that have not ended."""
    return {each.pid for each in processes() if each.pid in pids and not each.is_ended}


def wait_for(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def processes_in(folder: Path) -> set[int]:
    """Return the processes whose command line names a folder."""
    return {each.pid for each in processes() if str(folder) in each.command and not each.is_ended}


def wait_until_nothing_runs_in(folder: Path) -> None:
    """Wait for the end of a process that has done all that it had to do."""
    wait_for(lambda: processes_in(folder) == set(), seconds=10)


@contextmanager
def taken_down(folder: Path) -> Iterator[Path]:
    """Give a folder, whose local MSF is stopped at the end."""
    try:
        yield folder
    finally:
        local("down", folder)
    wait_until_nothing_runs_in(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with taken_down(tmp_path / "a folder") as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Return the folder of a local MSF that runs, and its variables."""
    with taken_down(tmp_path_factory.mktemp("local") / "shared") as made:
        yield made, up(made)


def test_up_prints_nothing_but_variables_that_a_shell_evaluates(shared: tuple[Path, dict[str, str]]) -> None:
    folder, environment = shared
    url = environment["AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2"]
    assert {environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL_STS"]} == {url}
    script = f'eval "$({PENSTOCK} local status --folder {shlex.quote(str(folder))} | grep ^export)"; exec "$@"'
    program = "import boto3; print(boto3.client('kinesisanalyticsv2').list_applications()['ApplicationSummaries'])"
    command = ["sh", "-euc", script, "sh", sys.executable, "-c", program]
    done = subprocess.run(command, env=variables(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_status_shows_where_it_runs(shared: tuple[Path, dict[str, str]]) -> None:
    folder, environment = shared
    first, *lines = local("status", folder).stdout.splitlines()
    found = json.loads(local("status", folder, "--json").stdout)
    assert first == (f"running: {environment['AWS_ENDPOINT_URL_S3']}/  (process {found['pid']}, folder {folder})")
    assert exported("\n".join(lines)) == environment
    assert found == {"running": True, "pid": found["pid"], "environment": environment}


def test_a_second_up_is_refused_with_the_address_of_the_first(shared: tuple[Path, dict[str, str]]) -> None:
    folder, environment = shared
    done = local("up", folder, *SIMULATED)
    assert (done.exit_code, done.stdout) == (FAILED, "")
    message = " ".join(done.stderr.split())
    assert f"error: a local MSF runs in {folder} already, at {environment['AWS_ENDPOINT_URL_S3']}, process " in message
    assert "stop it with penstock local down, or name another --folder" in message
    assert client("kinesisanalyticsv2", environment).list_applications()["ApplicationSummaries"] == []


def test_other_folders_are_not_concerned(shared: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    done = local("status", tmp_path)
    assert (done.exit_code, done.stderr) == (FAILED, "")
    assert done.stdout == f"no local MSF runs in {tmp_path}; start it with: penstock local up --folder {tmp_path}\n"
    assert json.loads(local("status", tmp_path, "--json").stdout) == {"running": False}
    assert list(tmp_path.iterdir()) == []


def test_another_up_in_the_folder_has_the_same_applications_address_and_access_key(folder: Path) -> None:
    before = up(folder)
    create(before, b"a zip")
    down = [local("down", folder) for _ in range(2)]
    assert [(each.exit_code, each.stdout, each.stderr) for each in down] == [
        (0, "stopped\n", ""),
        (0, f"no local MSF runs in {folder}\n", ""),
    ]
    wait_until_nothing_runs_in(folder)
    after = up(folder)
    assert after == before
    assert status_of(after) == "READY"


def test_a_local_msf_that_was_killed_is_not_running_and_starts_again(folder: Path) -> None:
    before = up(folder)
    pid = pid_of(folder)
    started = {pid} | descendants(pid)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: running(started) == set())
    assert local("status", folder).exit_code == FAILED
    assert local("down", folder).stdout == f"no local MSF runs in {folder}\n"
    assert up(folder) == before
    assert pid_of(folder) != pid


def test_ctrl_c_during_the_start_leaves_nothing(folder: Path) -> None:
    starting = subprocess.Popen(
        [PENSTOCK, "local", "up", "--folder", folder, *SIMULATED],
        env=variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_for((folder / "local.log").exists)
    os.killpg(starting.pid, signal.SIGINT)
    stdout, stderr = starting.communicate(timeout=TIMEOUT_SECONDS)
    assert (starting.returncode, stdout) == (INTERRUPTED, "")
    assert "interrupted; everything has been stopped" in stderr
    assert "Traceback" not in stderr
    wait_until_nothing_runs_in(folder)
    assert local("status", folder).exit_code == FAILED


def test_a_port_in_use_is_one_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = local("up", folder, *SIMULATED, "--port", str(port))
    assert (done.exit_code, done.stdout) == (FAILED, "")
    message = " ".join(done.stderr.split())
    assert f"port {port} on 127.0.0.1, wanted for the local MSF, cannot be used (Address already in use)" in message
    assert "Traceback" not in done.stderr
    wait_until_nothing_runs_in(folder)


def test_a_port_of_the_last_time_that_is_taken_is_replaced(folder: Path) -> None:
    before = up(folder)
    local("down", folder)
    port = int(before["AWS_ENDPOINT_URL_S3"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        after = up(folder)
    assert after["AWS_ENDPOINT_URL_S3"] != before["AWS_ENDPOINT_URL_S3"]
    assert after["AWS_ACCESS_KEY_ID"] == before["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--folder", "a", "--port", "65536"], "Input should be less than or equal to 65535"),
        (["up", "--folder", "a", "--job-python", "nowhere"], "'nowhere' does not exist"),
        (["up", "--folder", "a", "--simulated"], "No such option"),
        (["up", "--folder", "file"], "is a file"),
        (["up", "--folder", "file/below"], "'file/below' cannot be written"),
        (["status", "--folder", "file"], "is a file"),
        (["down", "--folder", "a", "now"], "unexpected extra argument"),
        (["restart"], "No such command"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_starts(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(local_app, arguments, env={"COLUMNS": "400"})
    assert (done.exit_code, done.stdout) == (WRONG_ARGUMENTS, ""), done.stderr
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    done = local("up", tmp_path / "a", *SIMULATED)
    assert (done.exit_code, done.stdout) == (WRONG_ARGUMENTS, "")
    assert f"cannot be written: you may not write to '{tmp_path}'" in done.stderr


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "folder")
    done = subprocess.run(
        [PENSTOCK, "local", "up", "--folder", tmp_path / "link", *SIMULATED],
        env=variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (FAILED, "")
    assert done.stderr == f"error: {tmp_path / 'link'}: File exists\n"


def test_a_folder_in_which_flink_cannot_work_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.cli.local.find_flink", lambda _python: None)
    done = local("up", folder, "--no-kafka", "--no-prometheus", "--job-python", sys.executable)
    assert (done.exit_code, done.stdout) == (FAILED, "")
    message = " ".join(done.stderr.split())
    assert f"Flink cannot work in the folder '{folder}/applications': expected a path without white space" in message
    assert "Traceback" not in done.stderr


def test_what_a_kill_left_of_the_file_of_ports_does_not_stop_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"msf": 80')
    options = LocalMsfOptions(folder=tmp_path)
    with LocalStack(LocalStackOptions(msf=options, kafka=False, prometheus=False)) as stack:
        port = int(stack.msf.url.rpartition(":")[2])
    assert json.loads((tmp_path / "ports.json").read_text()) == {"msf": port}


def start_a_job(folder: Path, environment: dict[str, str]) -> None:
    """Create and start an application whose job makes numbers, and wait until it runs."""
    archive = folder.with_name("job.zip")
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("main.py", MAIN)
    create(environment, archive.read_bytes(), EnvironmentProperties={"PropertyGroups": [RUN_OPTIONS]})
    msf = client("kinesisanalyticsv2", environment)
    msf.start_application(ApplicationName="kept")
    wait_for(lambda: status_of(environment) != "STARTING", seconds=TIMEOUT_SECONDS)
    assert status_of(environment) == "RUNNING"


@pytest.mark.pipeline
def test_all_that_a_killed_local_msf_has_started_ends_within_seconds(tmp_path: Path) -> None:
    with taken_down(tmp_path / "real") as folder:
        environment = up(folder, "--job-python", str(JOB_PYTHON))
        assert {"PENSTOCK_KAFKA_BOOTSTRAP_SERVERS", "PENSTOCK_PROMETHEUS_URL"} <= environment.keys()
        start_a_job(folder, environment)
        pid = pid_of(folder)
        started = descendants(pid)
        commands = "\n".join(each.command for each in processes() if each.pid in started)
        for name in ("kafka.Kafka", "prometheus", "ClusterEntrypoint", "TaskManagerRunner"):
            assert name in commands
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: running({pid, *started}) == set(), seconds=10)
