"""The local pipeline: Kafka, Flink and Prometheus, and a job package that runs on them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cdk_penstock.local.broker.kafka import KafkaBroker
from cdk_penstock.local.broker.topics import TopicAccess
from cdk_penstock.local.consumption import CONSUME_TIMEOUT_SECONDS, wait_consumed
from cdk_penstock.local.flink.cluster import FlinkCluster
from cdk_penstock.local.flink.settings import FlinkOptions
from cdk_penstock.local.flink.submission import submit_job
from cdk_penstock.local.job_package import PROPERTIES_VARIABLE, UnpackedPackage, unpack_package, write_properties
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.prometheus.server import Prometheus
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.flink.jobs import FlinkJob
    from cdk_penstock.local.processes import ManagedProcess
    from cdk_penstock.local.progress import Progress


@dataclass(frozen=True, kw_only=True)
class PipelineOptions:
    """Options of the pipeline.

    ``job_python`` is the interpreter of the job's environment. ``folder`` keeps configuration and logs after the end;
    without it they live in a temporary folder and go with it. Ports of 0 are free ports. ``cache`` is where downloads
    stay; default: the user's cache folder.
    """

    job_python: Path
    folder: Path | None = None
    flink: FlinkOptions = field(default_factory=FlinkOptions)
    kafka_port: int = 0
    flink_port: int = 0
    prometheus_port: int = 0
    cache: Path | None = None


class LocalPipeline:
    """Kafka, Flink and Prometheus on loopback, as a context manager that leaves nothing behind.

    Parameters
    ----------
    options
        What may be chosen.
    progress
        Who wants to know how the start goes.

    Examples
    --------
    >>> with LocalPipeline(PipelineOptions(job_python=Path(".venv-job/bin/python"))) as pipeline:  # doctest: +SKIP
    ...     package = pipeline.unpack(Path("application.zip"))
    ...     pipeline.topics.create("events", partitions=2)
    ...     pipeline.write_properties({"job": {"window.seconds": "5"}})
    ...     job = pipeline.run(package, "main.py", parallelism=2)
    """

    def __init__(self, options: PipelineOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        self._progress = progress or SilentProgress()
        self._stack = contextlib.ExitStack()
        self._folder: Path | None = None
        self._packages = 0

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _start(self) -> None:
        options = self._options
        with defer_stop_signals():
            if options.folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="penstock-"))
                self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            else:
                self._folder = options.folder.absolute()
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.properties_file.unlink(missing_ok=True)
        self.prometheus = Prometheus(folder / "prometheus", port=options.prometheus_port, cache=options.cache)
        self.kafka = KafkaBroker(folder / "kafka", port=options.kafka_port, cache=options.cache)
        self.flink = FlinkCluster(
            folder / "flink",
            python=options.job_python,
            options=options.flink,
            environment={PROPERTIES_VARIABLE: str(self.properties_file)},
            port=options.flink_port,
        )
        # All three start at the same time; the stack stops those that were started, in the opposite order.
        for component in (self.flink, self.prometheus, self.kafka):
            self._progress.update(f"starting {type(component).__name__}")
            self._stack.callback(component.stop)
            component.start()
        for component in (self.prometheus, self.kafka, self.flink):
            self._progress.update(f"waiting for {type(component).__name__}")
            component.wait_ready()
        self.topics = TopicAccess(self.kafka.bootstrap_servers)

    @property
    def folder(self) -> Path:
        """The folder with all files of this pipeline, logs included."""
        if self._folder is None:
            raise RuntimeError("the pipeline has not been started")
        return self._folder

    @property
    def processes(self) -> list[ManagedProcess]:
        """All processes that should be alive."""
        servers = (self.kafka.process, self.prometheus.process)
        return [process for process in servers if process is not None] + self.flink.processes

    @property
    def properties_file(self) -> Path:
        """The property groups that the jobs read when they are submitted."""
        return self.folder / "application_properties.json"

    def stop(self) -> None:
        """Stop everything, whatever its state, and delete what is not a log."""
        with defer_stop_signals():
            self._stack.close()

    def unpack(self, package: Path) -> UnpackedPackage:
        """Unpack a job package into the pipeline's folder; raise PackageError if it is missing or broken."""
        self._packages += 1
        folder = self.folder / f"package-{self._packages}"
        folder.mkdir()
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return unpack_package(package, folder)

    def write_properties(self, groups: Mapping[str, Mapping[str, str]]) -> None:
        """Write the property groups that the next submitted program reads."""
        write_properties(self.properties_file, groups)

    def run(self, package: UnpackedPackage, program: str, *, parallelism: int | None = None) -> FlinkJob:
        """Submit a program at a package's top level, and wait until all its tasks run.

        Without ``parallelism`` it has the cluster's. Raises JobError if the program fails or makes no job, or if its
        tasks do not come to run, and PackageError if the package has no such program.
        """
        job = submit_job(self.flink, package.program(program, parallelism=parallelism))
        job.wait_running()
        return job

    def wait_consumed(
        self, job: FlinkJob, *, topic: str, group: str, timeout_seconds: float = CONSUME_TIMEOUT_SECONDS
    ) -> None:
        """Wait until a job has read all of a topic, and a checkpoint says so; take a checkpoint every second.

        Nothing may write to the topic any more; ``group`` is the consumer group to which the job commits. Raises
        JobError if the job ends, or does not advance for the timeout.
        """
        wait_consumed(
            self.topics, job, topic=topic, group=group, progress=self._progress, timeout_seconds=timeout_seconds
        )
