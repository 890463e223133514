"""Real Kafka, Flink and Prometheus: one pipeline for all tests."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.broker.kafka import KafkaBroker
from cdk_penstock.local.demo.checks import parse_dead_letter
from cdk_penstock.local.errors import JobError, LocalPipelineError, PortInUseError
from cdk_penstock.local.event_replay import ReplayOptions, replay
from cdk_penstock.local.flink.cluster import FlinkCluster
from cdk_penstock.local.flink.submission import submit_job
from cdk_penstock.local.kafka_sink import KafkaSink
from cdk_penstock.local.prometheus.samples import Sample, read_samples
from cdk_penstock.local.prometheus.server import Prometheus
from vehicle_metrics_scenario.checks import check_samples
from vehicle_metrics_scenario.models import packaged_models
from vehicle_metrics_scenario.scenario import VehicleScenario, job_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cdk_penstock.local.flink.jobs import FlinkJob
    from cdk_penstock.local.job_package import UnpackedPackage
    from cdk_penstock.local.pipeline import LocalPipeline

pytestmark = pytest.mark.pipeline

EVENTS = 4_000


@dataclass(frozen=True, kw_only=True)
class Run:
    """One vehicle job on topics of its own; its samples are known by its region."""

    pipeline: LocalPipeline
    package: UnpackedPackage
    job: FlinkJob
    region: str

    @classmethod
    def start(cls, pipeline: LocalPipeline, package: Path, region: str) -> Run:
        unpacked = pipeline.unpack(package)
        pipeline.topics.create(f"events-{region}", partitions=2)
        pipeline.topics.create(f"letters-{region}", partitions=1)
        pipeline.write_properties(
            job_properties(
                bootstrap_servers=pipeline.kafka.bootstrap_servers,
                remote_write_url=pipeline.prometheus.remote_write_url,
                events_topic=f"events-{region}",
                dead_letters_topic=f"letters-{region}",
                consumer_group=f"group-{region}",
            )
        )
        job = pipeline.run(unpacked, "main.py", parallelism=2)
        return cls(pipeline=pipeline, package=unpacked, job=job, region=region)

    def send(self, lines: Sequence[bytes]) -> None:
        sink = KafkaSink(self.pipeline.kafka.bootstrap_servers, f"events-{self.region}")
        replay(lines, sink, ReplayOptions(fields=VehicleScenario.fields))

    def wait_consumed(self) -> None:
        self.pipeline.wait_consumed(
            self.job, topic=f"events-{self.region}", group=f"group-{self.region}", timeout_seconds=120
        )

    def finish(self) -> None:
        self.wait_consumed()
        self.job.stop(drain=True)

    def samples(self) -> list[Sample]:
        found = read_samples(self.pipeline.prometheus.url, metrics=VehicleScenario.layout.metrics)
        return [sample for sample in found if sample.label("region").rpartition("-")[0] == self.region]

    def letters(self) -> list[tuple[str, bytes]]:
        return [parse_dead_letter(value) for value in self.pipeline.topics.records(f"letters-{self.region}")]

    def problems(self, lines: Sequence[bytes]) -> list[str]:
        models = packaged_models(self.package.jar)
        window_seconds = VehicleScenario.window_seconds
        return check_samples(lines, self.letters(), self.samples(), models, window_seconds=window_seconds)


@pytest.fixture(scope="module")
def undisturbed(
    pipeline: LocalPipeline, job_package: Path, make_events: Callable[..., list[bytes]]
) -> tuple[list[Sample], list[str], list[tuple[str, bytes]]]:
    """Run the job over events of which the last are an hour late; return samples, problems and dead letters."""
    run = Run.start(pipeline, job_package, "calm")
    lines = make_events(1, count=EVENTS, region="calm")
    late = [line.replace(b'"timestamp":17', b'"timestamp":16') for line in make_events(2, count=20, region="calm")[:20]]
    run.send(lines)
    run.wait_consumed()
    run.send(late)
    run.finish()
    return run.samples(), run.problems([*lines, *late]), run.letters()


def test_every_window_equals_an_independent_computation(
    undisturbed: tuple[list[Sample], list[str], list[tuple[str, bytes]]],
) -> None:
    samples, problems, _ = undisturbed
    assert problems == []
    assert len({sample.timestamp_ms for sample in samples}) >= 15
    assert {sample.metric for sample in samples} == {"vehicles_in_motion", "warnings"}


def test_late_and_malformed_records_are_kept(
    undisturbed: tuple[list[Sample], list[str], list[tuple[str, bytes]]],
) -> None:
    _, _, letters = undisturbed
    assert sum(reason == "late" for reason, _ in letters) == 20
    assert sum(reason != "late" for reason, _ in letters) == EVENTS // 500


def test_a_killed_task_manager_changes_no_sample(
    pipeline: LocalPipeline,
    job_package: Path,
    make_events: Callable[..., list[bytes]],
    undisturbed: tuple[list[Sample], list[str], list[tuple[str, bytes]]],
) -> None:
    run = Run.start(pipeline, job_package, "wild")
    lines = make_events(1, count=EVENTS, region="wild")
    run.send(lines[: EVENTS // 2])
    run.wait_consumed()
    run.send(lines[EVENTS // 2 :])
    pipeline.flink.kill_task_manager()
    pipeline.flink.start_task_manager()
    # A busy machine needs its own time on top of the ten seconds that a heartbeat may be late.
    deadline = time.monotonic() + 180
    while not run.job.restarts():
        assert time.monotonic() < deadline, "the loss was not noticed"
        time.sleep(0.2)
    pipeline.flink.wait_ready()
    run.job.wait_running()
    run.finish()
    renamed = [
        Sample.of(
            one.metric,
            {name: value.replace("wild", "calm") for name, value in one.labels},
            timestamp_ms=one.timestamp_ms,
            value=one.value,
        )
        for one in run.samples()
    ]
    assert run.problems(lines) == []
    assert sorted(renamed) == sorted(undisturbed[0])


def test_a_package_without_a_jar_runs_with_its_packages_and_properties(
    pipeline: LocalPipeline, toy_package: Path
) -> None:
    package = pipeline.unpack(toy_package)
    pipeline.write_properties({"toy": {"table": "source"}})
    job = pipeline.run(package, "main.py", parallelism=1)
    savepoint = job.savepoint()
    assert job.metric_sums(["numRecordsIn"])["numRecordsIn"] >= 0
    job.cancel()
    assert job.state() == "CANCELED"
    program = dataclasses.replace(package.program("main.py", parallelism=2), savepoint=savepoint)
    restored = submit_job(pipeline.flink, program)
    restored.wait_running()
    restored.cancel()


def test_fails_with_the_traceback_of_main(pipeline: LocalPipeline, toy_package: Path) -> None:
    package = pipeline.unpack(toy_package)
    pipeline.write_properties({"toy": {"table": "elsewhere"}})
    with pytest.raises(JobError, match=r"(?s)main.py made no job; its traceback .*Traceback .*source"):
        pipeline.run(package, "main.py")
    with pytest.raises(JobError, match=r"nothing.py made no job"):
        pipeline.run(package, "nothing.py")


def test_fails_when_a_job_ends_before_all_is_read(pipeline: LocalPipeline, toy_package: Path) -> None:
    pipeline.topics.create("unread", partitions=1)
    KafkaSink(pipeline.kafka.bootstrap_servers, "unread").flush()
    replay([b"x"], KafkaSink(pipeline.kafka.bootstrap_servers, "unread"), ReplayOptions())
    pipeline.write_properties({"toy": {"table": "source"}})
    job = pipeline.run(pipeline.unpack(toy_package), "main.py", parallelism=1)
    job.cancel()
    with pytest.raises(JobError, match="the job is CANCELED with 1 records of unread unread"):
        pipeline.wait_consumed(job, topic="unread", group="nobody")


def test_topics(pipeline: LocalPipeline) -> None:
    pipeline.topics.create("few", partitions=3)
    sink = KafkaSink(pipeline.kafka.bootstrap_servers, "few")
    for number in range(30):
        sink.send(str(number % 5).encode(), str(number).encode())
    sink.flush()
    records = [int(value) for value in pipeline.topics.records("few")]
    assert sorted(records) == list(range(30))
    for key in range(5):
        assert [value for value in records if value % 5 == key] == list(range(key, 30, 5))
    assert pipeline.topics.count("few") == 30
    assert pipeline.topics.remaining("few", group="nobody") == 30
    with pytest.raises(LocalPipelineError, match="topic few could not be created on .*already exists"):
        pipeline.topics.create("few", partitions=3)
    with pytest.raises(LocalPipelineError, match="there is no topic none at .*; topics there: .*few"):
        KafkaSink(pipeline.kafka.bootstrap_servers, "none")


def test_fails_for_a_port_in_use(pipeline: LocalPipeline, job_python: Path, tmp_path: Path) -> None:
    kafka_port = int(pipeline.kafka.bootstrap_servers.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=f"port {kafka_port} on 127.0.0.1, wanted for the Kafka broker"):
        KafkaBroker(tmp_path / "kafka", port=kafka_port).__enter__()
    prometheus_port = int(pipeline.prometheus.url.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=f"port {prometheus_port} on 127.0.0.1, wanted for Prometheus"):
        Prometheus(tmp_path / "prometheus", port=prometheus_port).__enter__()
    flink_port = int(pipeline.flink.url.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=f"port {flink_port} on 127.0.0.1, wanted for Flink's REST API"):
        FlinkCluster(tmp_path / "flink", python=job_python, port=flink_port).__enter__()


def test_components_leave_only_logs_and_configuration(job_python: Path, tmp_path: Path) -> None:
    with Prometheus(tmp_path / "prometheus") as prometheus, KafkaBroker(tmp_path / "kafka") as kafka:
        assert read_samples(prometheus.url, metrics=["up"]) == []
        processes = [prometheus.process, kafka.process]
    assert all(process is not None and not process.alive for process in processes)
    with FlinkCluster(tmp_path / "flink", python=job_python) as flink:
        assert len(flink.processes) == 2
        assert flink.options.slots == 4
    assert flink.processes == []
    left = sorted(file.relative_to(tmp_path).parts[:2] for file in tmp_path.rglob("*") if file.is_file())
    assert {parts[1] for parts in left} == {
        "kafka.log", "server.properties", "prometheus.log", "prometheus.yml", "conf", "log",
    }  # fmt: skip
