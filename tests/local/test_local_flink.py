from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.broker.jars import POM_FILE, resolve_broker_jars
from cdk_penstock.local.broker.kafka import KafkaBroker, broker_settings, new_cluster_id
from cdk_penstock.local.broker.topics import explain, remaining_records
from cdk_penstock.local.errors import JobError, LocalPipelineError, MissingProgramError, PackageError, RestError
from cdk_penstock.local.flink.distribution import find_flink, parse_java_options
from cdk_penstock.local.flink.jobs import FlinkJob, tasks_running
from cdk_penstock.local.flink.settings import FlinkLayout, FlinkOptions, cluster_settings, render_settings
from cdk_penstock.local.flink.submission import python_traceback
from cdk_penstock.local.job_package import unpack_package, write_properties
from cdk_penstock.local.kafka_sink import KafkaSink
from cdk_penstock.local.pipeline import LocalPipeline, PipelineOptions
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.local.rest import JsonClient

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = tuple[int, bytes]


class FakeServer:
    """Answers requests from a list per method and path; the last answer of a list stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, str, bytes]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, body))
                queue = fake.answers.get(f"{self.command} {self.path}", [(404, b"nothing here")])
                status, content = queue.pop(0) if len(queue) > 1 else queue[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def on(self, request: str, *answers: object, status: int = 200) -> None:
        self.answers[request] = [(status, json.dumps(answer).encode()) for answer in answers]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def job(server: FakeServer, tmp_path: Path) -> FlinkJob:
    return FlinkJob(client=JsonClient(server.url), job_id="j", log_file=tmp_path / "jobmanager.log")


def details(state: str = "RUNNING", *, running: int = 2, finished: int = 0) -> dict[str, Any]:
    vertex = {"id": "v", "parallelism": 2, "tasks": {"RUNNING": running, "FINISHED": finished}}
    return {"name": "readings", "state": state, "vertices": [vertex]}


def test_a_job_runs_when_all_its_tasks_do() -> None:
    assert tasks_running(details())
    assert tasks_running(details(running=1, finished=1))
    assert not tasks_running(details(running=1))
    assert not tasks_running(details("RESTARTING"))
    assert not tasks_running(details() | {"vertices": []})


def test_waiting_for_a_job(server: FakeServer, job: FlinkJob) -> None:
    server.on("GET /jobs/j", details("CREATED", running=0), details(running=1), details())
    job.wait_running(timeout_seconds=10)
    assert job.state() == "RUNNING"


def test_fails_when_a_job_fails(server: FakeServer, job: FlinkJob) -> None:
    server.on("GET /jobs/j", details("FAILED"))
    server.on("GET /jobs/j/exceptions", {"exceptionHistory": {"entries": [{"stacktrace": "division by zero"}]}})
    with pytest.raises(JobError, match=r"job readings should run within 10 s, but is FAILED .*\ndivision by zero"):
        job.wait_running(timeout_seconds=10)
    server.on("GET /jobs/j", details("RESTARTING"))
    server.on("GET /jobs/j/exceptions", {"exceptionHistory": {"entries": []}})
    with pytest.raises(JobError, match=r"should finish within 0 s, but is RESTARTING"):
        job.wait_finished(timeout_seconds=0)


def test_stopping_drains_if_asked(server: FakeServer, job: FlinkJob) -> None:
    server.on("POST /jobs/j/stop", {"request-id": "r"})
    done = {"status": {"id": "COMPLETED"}, "operation": {"location": "file:/sp"}}
    server.on("GET /jobs/j/savepoints/r", {"status": {"id": "IN_PROGRESS"}}, done)
    server.on("GET /jobs/j", details("FINISHED"))
    assert job.stop(drain=True, timeout_seconds=10) == "file:/sp"
    assert server.requests[0] == ("POST", "/jobs/j/stop", b'{"drain": true}')


def test_fails_when_a_savepoint_fails(server: FakeServer, job: FlinkJob) -> None:
    server.on("POST /jobs/j/savepoints", {"request-id": "r"})
    failed = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"stack-trace": "disk full"}}}
    server.on("GET /jobs/j/savepoints/r", failed)
    with pytest.raises(JobError, match="the savepoint of job j failed: disk full"):
        job.savepoint()
    server.on("GET /jobs/j/savepoints/r", {"status": {"id": "IN_PROGRESS"}})
    with pytest.raises(JobError, match="the savepoint of job j was not done within 0 s"):
        job.savepoint(timeout_seconds=0)


def test_a_job_that_has_ended_is_not_cancelled(server: FakeServer, job: FlinkJob) -> None:
    server.on("GET /jobs/j", details("FINISHED"))
    job.cancel()
    assert all(method == "GET" for method, _, _ in server.requests)
    server.on("GET /jobs/j", details(), details("CANCELED"))
    server.on("PATCH /jobs/j?mode=cancel", {})
    job.cancel()
    assert "PATCH" in [method for method, _, _ in server.requests]


def test_statistics(server: FakeServer, job: FlinkJob) -> None:
    server.on("GET /jobs/j/checkpoints", {"counts": {"completed": 0, "failed": 2}})
    assert (job.checkpoints().completed, job.checkpoints().failed) == (0, 2)
    summary = {"end_to_end_duration": {"min": 1, "avg": 2, "max": 3}, "state_size": {"max": 4}}
    server.on("GET /jobs/j/checkpoints", {"counts": {"completed": 5, "failed": 0}, "summary": summary})
    found = job.checkpoints()
    assert (found.duration_min_ms, found.duration_average_ms, found.duration_max_ms, found.size_max_bytes) == (
        1,
        2,
        3,
        4,
    )
    server.on("GET /jobs/j/metrics?get=numRestarts", [])
    assert job.restarts() == 0
    server.on("GET /jobs/j/metrics?get=numRestarts", [{"value": "3"}])
    assert job.restarts() == 3


def test_counters_are_summed_over_operators(server: FakeServer, job: FlinkJob) -> None:
    server.on("GET /jobs/j", details())
    path = "GET /jobs/j/vertices/v/subtasks/metrics"
    server.on(path, [{"id": "Sink.dropped"}, {"id": "Other.dropped"}, {"id": "busy"}])
    server.on(
        f"{path}?get=Sink.dropped%2COther.dropped&agg=sum",
        [{"id": "a.dropped", "sum": 2.0}, {"id": "b.dropped", "sum": 3}],
    )
    assert job.metric_sums(["dropped", "absent"]) == {"dropped": 5.0, "absent": 0.0}


def test_answers_that_are_errors(server: FakeServer, tmp_path: Path) -> None:
    client = JsonClient(server.url)
    with pytest.raises(RestError, match=r"GET http://.*/nowhere answered 404: nothing here"):
        client.get("/nowhere")
    server.answers["GET /empty"] = [(200, b"")]
    assert client.get("/empty") is None
    file = tmp_path / "job.jar"
    file.write_bytes(b"content")
    server.on("POST /upload", {"filename": "x"})
    assert client.upload("/upload", field="jarfile", file=file) == {"filename": "x"}
    assert b'name="jarfile"; filename="job.jar"' in server.requests[-1][2]
    assert b"\r\n\r\ncontent\r\n--" in server.requests[-1][2]
    with pytest.raises(RestError, match="failed: "):
        JsonClient("http://127.0.0.1:1", timeout_seconds=2).get("/")


@pytest.mark.parametrize(
    "behind",
    [
        "2026 INFO  org.apache.flink.client.python.PythonDriver [] - --- Python Process Exited",
        "java.lang.RuntimeException: Python process exits with code: 1",
        "08:23:42.218 [flink-jar] ERROR JarRunHandler - Could not execute application.",
        "2026-11-27 08:23:42,218 ERROR JarRunHandler [] - Could not execute application.",
    ],
)
def test_a_traceback_ends_before_the_words_of_java(behind: str) -> None:
    log = f"Traceback (most recent call last):\nValueError: no luck\n{behind}"
    assert python_traceback(log).splitlines() == ["  Traceback (most recent call last):", "  ValueError: no luck"]


def test_a_traceback_is_shown_once_and_without_java() -> None:
    driver = "2026 INFO  org.apache.flink.client.python.PythonDriver [] - "
    log = "\n".join([
        "2026 INFO something", "Traceback (most recent call last):", f"{driver}Traceback", '  File "main.py", line 1',
        "py4j.protocol.Py4JJavaError: no such table", "\tat org.apache.flink.Foo", f"{driver}--- Python Process Exited",
        "java.lang.RuntimeException",
    ])  # fmt: skip
    assert python_traceback(log).splitlines() == [
        "  Traceback (most recent call last):",
        '    File "main.py", line 1',
        "  py4j.protocol.Py4JJavaError: no such table",
    ]
    assert python_traceback("nothing") == ""


def test_flink_is_set_as_the_service_sets_it(tmp_path: Path) -> None:
    layout = FlinkLayout(folder=tmp_path, rest_port=1, rpc_port=2)
    options = FlinkOptions(checkpoint_interval_seconds=2, slots=3, extra={"taskmanager.numberOfTaskSlots": "9"})
    settings = cluster_settings(layout, options, python=Path("/p"), java_options="--add-opens=a")
    assert settings["state.backend.type"] == "rocksdb"
    assert settings["execution.checkpointing.interval"] == "2000 ms"
    assert settings["taskmanager.numberOfTaskSlots"] == "9"
    assert settings["env.java.opts.all"].startswith(f"--add-opens=a -Djava.io.tmpdir={layout.temporary} ")
    assert all(value == "127.0.0.1" for key, value in settings.items() if key.endswith(("-host", "address")))
    assert '"a b: \\"c\\""' in render_settings({"key": 'a b: "c"'})


def test_java_options_are_found_in_the_shipped_configuration() -> None:
    assert parse_java_options("env:\n  java:\n    opts:\n      all: --add-exports=x --add-opens=y\n") == (
        "--add-exports=x --add-opens=y"
    )
    assert parse_java_options("rest:\n  port: 8081\n") == ""


def test_fails_without_flink(tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match=r"the job's python .* does not exist; make the job's environment"):
        find_flink(tmp_path / "python")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    with pytest.raises(MissingProgramError, match="the package apache-flink is not installed for"):
        find_flink(tmp_path / "venv" / "bin" / "python")


def test_the_broker_keeps_old_records_and_listens_on_loopback(tmp_path: Path) -> None:
    settings = broker_settings(port=1, controller_port=2, data_folder=tmp_path)
    assert settings["log.retention.ms"] == "-1"
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert all(len(new_cluster_id()) == 22 and not new_cluster_id().startswith("-") for _ in range(300))


def test_remaining_records_are_counted_from_the_start_if_nothing_was_committed() -> None:
    assert remaining_records(ends={0: 10, 1: 5, 2: 0}, starts={0: 2, 1: 0, 2: 0}, committed={0: -1001, 1: 5}) == 8


def test_versions_of_the_broker_are_pinned() -> None:
    pom = POM_FILE.read_text(encoding="utf-8")
    assert "<kafka.version>3.9." in pom
    assert "SNAPSHOT" not in pom


def test_fails_clearly_when_programs_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    cache = tmp_path / "cache"
    with pytest.raises(MissingProgramError, match=r"mvn is not on the PATH .* sudo apt-get install -y maven"):
        resolve_broker_jars(cache=cache)
    with pytest.raises(MissingProgramError, match=r"prometheus is not on the PATH.* apt-get install -y prometheus"):
        find_prometheus(cache=cache)
    with pytest.raises(MissingProgramError, match="java is not on the PATH"), KafkaBroker(tmp_path / "kafka"):
        pass
    options = PipelineOptions(job_python=Path(sys.executable), folder=tmp_path / "run", cache=cache)
    with pytest.raises(MissingProgramError, match="java is not on the PATH"), LocalPipeline(options):
        pass
    assert not list(cache.iterdir())


def test_an_installed_prometheus_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_prometheus(cache=tmp_path)
    assert (found.program, found.web_assets) == (program, None)


def test_a_download_that_fails_shows_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("apt-get", "dpkg"):
        (tmp_path / name).write_text("#!/bin/sh\necho no network; exit 100\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MissingProgramError, match=r"could not be downloaded \(.*exit code 100:\n  no network\); install it"
    ):
        find_prometheus(cache=tmp_path / "cache")


def test_downloads_land_in_the_cache_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scripts = {
        "mvn": 'for a in "$@"; do case "$a" in -DoutputDirectory=*) : > "${a#*=}/kafka.jar";; esac; done',
        "apt-get": ": > prometheus.deb",
        "dpkg": '/bin/mkdir -p "$3/usr/bin"; : > "$3/usr/bin/prometheus"',
    }
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        jars, prometheus = resolve_broker_jars(), find_prometheus()
        assert [file.name for file in jars.iterdir()] == ["kafka.jar"]
        assert prometheus.program.is_file()
        assert prometheus.program.is_relative_to(tmp_path / "cache" / "penstock")
        for script_file in programs.iterdir():
            script_file.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")


def test_a_pipeline_has_no_folder_before_its_start() -> None:
    pipeline = LocalPipeline(PipelineOptions(job_python=Path("python")))
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = pipeline.folder


def test_packages_are_unpacked_where_they_belong(tmp_path: Path) -> None:
    package = tmp_path / "job.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", "")
        archive.writestr("dep/helper/__init__.py", "")
    unpacked = unpack_package(package, tmp_path / "job")
    assert unpacked.jar is None
    assert unpacked.packages == (tmp_path / "job" / "dep").resolve()
    assert unpacked.program("main.py", parallelism=2).main == unpacked.folder / "main.py"
    with pytest.raises(PackageError, match=r"has no generator.py at its top level; programs found there: main.py"):
        unpacked.program("generator.py")


def test_fails_for_packages_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="does not exist; build it first"):
        unpack_package(tmp_path / "missing.zip", tmp_path / "job")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    with pytest.raises(PackageError, match="cannot be unpacked"):
        unpack_package(broken, tmp_path / "job")
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("../outside", "")
    with pytest.raises(PackageError, match=r"holds '../outside', which leads out of its folder"):
        unpack_package(broken, tmp_path / "job")
    assert not (tmp_path / "outside").exists()


def test_properties_have_the_form_of_the_service(tmp_path: Path) -> None:
    file = tmp_path / "application_properties.json"
    write_properties(file, {"job": {"window.seconds": "5"}})
    assert json.loads(file.read_text(encoding="utf-8")) == [
        {"PropertyGroupId": "job", "PropertyMap": {"window.seconds": "5"}}
    ]


def test_fails_without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.local.kafka_sink.METADATA_SECONDS", 0.5)
    with pytest.raises(LocalPipelineError, match="no Kafka broker answers at 127.0.0.1:1, or it refuses: "):
        KafkaSink("127.0.0.1:1", "events")


def test_kafka_errors_are_explained() -> None:
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415

    assert explain(KafkaException(KafkaError(KafkaError._TRANSPORT))).startswith("Local: ")
    assert explain(KafkaException("odd")) == "odd"  # type: ignore[arg-type]


def test_silence() -> None:
    progress = SilentProgress()
    progress.stage("a")
    progress.update("b")
