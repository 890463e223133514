"""Playing the demonstration on the local pipeline."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cdk_penstock.local.demo.checks import check_fleet, check_samples, count_reasons, packaged_models, parse_dead_letter
from cdk_penstock.local.demo.results import Addresses, DemoResult
from cdk_penstock.local.errors import JobError
from cdk_penstock.local.event_files import latest_event_ms, read_lines, require_file
from cdk_penstock.local.event_lines import minutes_shift_ms, parse_line, shift_line
from cdk_penstock.local.expected import read_models
from cdk_penstock.local.kafka_sink import KafkaSink
from cdk_penstock.local.package import require_programs
from cdk_penstock.local.pipeline import LocalPipeline
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.prometheus.samples import read_samples
from cdk_penstock.local.properties import (
    FleetSettings,
    VehicleJobSettings,
    generator_properties,
    vehicle_job_properties,
)
from cdk_penstock.local.replay import EventTime, ReplayOptions, replay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from cdk_penstock.local.flink.jobs import FlinkJob
    from cdk_penstock.local.package import UnpackedPackage
    from cdk_penstock.local.pipeline import PipelineOptions
    from cdk_penstock.local.progress import Progress

__all__ = ("Demo", "DemoOptions")

JOB_PROGRAM, GENERATOR_PROGRAM = "main.py", "generator.py"
POLL_SECONDS = 0.5
# Recomputing takes some 6 microseconds an event; beyond this, only gaps are looked for.
MOST_EVENTS_TO_RECOMPUTE = 2_000_000
EXACT_CHECK = "every sample equals an independent computation from the events"
FLEET_CHECK = "every series has a sample for every window"
# Partitions are read at their own speeds. As none may call itself idle, the slowest one holds the watermark, and no
# event is late that was not late in its file; the windows that stay open are closed by draining the job.
NEVER_IDLE = 0


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What to play.

    ``seconds`` is how long the generated fleet drives. With ``input_file`` recorded events are replayed instead, once,
    ``speed_up`` times faster than recorded (0: as fast as possible). ``models_file`` replaces the packaged models.
    ``keep_running`` leaves a generated fleet driving.
    """

    package: Path
    pipeline: PipelineOptions
    seconds: float = 60.0
    input_file: Path | None = None
    models_file: Path | None = None
    speed_up: float = 0.0
    event_time: EventTime = EventTime.KEEP
    fleet: FleetSettings = field(default_factory=FleetSettings)
    job: VehicleJobSettings = field(default_factory=VehicleJobSettings)
    parallelism: int = 2
    keep_running: bool = False


class Demo:
    """The demonstration, as a context manager around :meth:`run`; everything stops when it is left.

    Parameters
    ----------
    options
        What to play.
    progress
        Learns what happens.

    Raises
    ------
    InputFileError
        An input file is missing, empty or unreadable: found before anything is started.
    PackageError
        The package is missing or lacks a program: found before anything is started.
    """

    def __init__(self, options: DemoOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        self._progress = progress or SilentProgress()
        self._shift_ms = 0
        self._models: dict[str, str] | None = None
        job = options.job
        programs = [JOB_PROGRAM] if options.input_file is not None else [JOB_PROGRAM, GENERATOR_PROGRAM]
        require_programs(options.package, programs)
        if options.models_file is not None:
            self._models = read_models(require_file(options.models_file, what="the file of models"))
            job = dataclasses.replace(job, models_location=str(options.models_file.absolute()))
        if options.input_file is not None:
            self._shift_ms = self._input_shift_ms(options.input_file)
        self._job = dataclasses.replace(job, idleness_ms=NEVER_IDLE)
        self._pipeline = LocalPipeline(options.pipeline, progress=self._progress)

    def _input_shift_ms(self, input_file: Path) -> int:
        latest_ms = latest_event_ms(input_file)
        if latest_ms is None or self._options.event_time is EventTime.KEEP:
            return 0
        return minutes_shift_ms(latest_ms, int(time.time() * 1000))

    def __enter__(self) -> Self:
        self._progress.stage("start Kafka, Flink and Prometheus")
        self._pipeline.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pipeline.stop()

    @property
    def pipeline(self) -> LocalPipeline:
        """The pipeline that it plays on."""
        return self._pipeline

    def run(self) -> DemoResult:
        """Play it, and return what was found.

        Raises
        ------
        LocalPipelineError
            A stage failed.
        """
        options, job_settings = self._options, self._job
        self._progress.stage("start the vehicle job of the package")
        package = self._pipeline.unpack(options.package)
        job = self._start_job(package)
        if options.input_file is not None:
            self._progress.stage(f"replay {options.input_file}")
            begin = self._replay(options.input_file)
        else:
            self._progress.stage(f"let a fleet of {options.fleet.vehicles:,} vehicles drive for {options.seconds:g} s")
            begin = self._drive(package, job)
        stay = options.keep_running and options.input_file is None
        events = self._pipeline.topics.count(job_settings.events_topic)
        if not stay:
            self._progress.stage("read the rest and close the last window")
            self._pipeline.wait_consumed(job, topic=job_settings.events_topic, group=job_settings.consumer_group)
        seconds = time.monotonic() - begin
        checkpoints, restarts, dropped = job.checkpoints(), job.restarts(), self._dropped(job)
        if not stay:
            job.stop(drain=True)
        self._progress.stage("read the samples back and check them")
        samples = read_samples(self._pipeline.prometheus.url)
        letters = [parse_dead_letter(value) for value in self._pipeline.topics.records(job_settings.dead_letter_topic)]
        problems: list[str] = []
        exact = not stay and events <= MOST_EVENTS_TO_RECOMPUTE
        if exact:
            problems += check_samples(
                self._sent_lines(), letters, samples, self._vehicle_models(package),
                window_seconds=job_settings.window_seconds,
            )  # fmt: skip
        if options.input_file is None:
            problems += check_fleet(samples, events=events, window_seconds=job_settings.window_seconds)
        if dropped:
            problems.append(f"{dropped:,} samples were refused by Prometheus")
        return DemoResult(
            samples=samples,
            events=events,
            seconds=seconds,
            dead_letters=count_reasons(letters),
            restarts=restarts,
            checkpoints=checkpoints,
            addresses=Addresses(
                flink=self._pipeline.flink.url,
                prometheus=self._pipeline.prometheus.url,
                kafka=self._pipeline.kafka.bootstrap_servers,
            ),
            window_seconds=job_settings.window_seconds,
            problems=problems,
            checked=EXACT_CHECK if exact else FLEET_CHECK,
        )

    def _start_job(self, package: UnpackedPackage) -> FlinkJob:
        options, job_settings, pipeline = self._options, self._job, self._pipeline
        servers = pipeline.kafka.bootstrap_servers
        pipeline.topics.create(job_settings.events_topic, partitions=options.parallelism)
        pipeline.topics.create(job_settings.dead_letter_topic, partitions=1)
        pipeline.write_properties(
            vehicle_job_properties(
                job_settings, bootstrap_servers=servers, remote_write_url=pipeline.prometheus.remote_write_url
            )
            | generator_properties(options.fleet, bootstrap_servers=servers, topic=job_settings.events_topic)
        )
        return pipeline.run(package, JOB_PROGRAM, parallelism=options.parallelism)

    def _vehicle_models(self, package: UnpackedPackage) -> dict[str, str]:
        return packaged_models(package.jar) if self._models is None else self._models

    def _sent_lines(self) -> Iterator[bytes]:
        if self._options.input_file is None:
            yield from self._pipeline.topics.records(self._job.events_topic)
        else:
            # From the file, and not from the topic: so that a record lost on its way there is missed.
            for line in read_lines(self._options.input_file):
                yield line if parse_line(line) is None else shift_line(line, self._shift_ms)

    def _replay(self, input_file: Path) -> float:
        begin = time.monotonic()
        sink = KafkaSink(self._pipeline.kafka.bootstrap_servers, self._job.events_topic)
        how = ReplayOptions(speed_up=self._options.speed_up, shift_ms=self._shift_ms)
        replay(read_lines(input_file), sink, how, progress=self._progress)
        return begin

    def _drive(self, package: UnpackedPackage, job: FlinkJob) -> float:
        pipeline = self._pipeline
        generator = pipeline.run(package, GENERATOR_PROGRAM, parallelism=1)
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < self._options.seconds:
            events = pipeline.topics.count(self._job.events_topic)
            rate = events / max(elapsed, 1.0)
            self._progress.update(
                f"{elapsed:.0f} of {self._options.seconds:g} s, {events:,} events, {rate:,.0f} a second"
            )
            for one, name in ((job, "vehicle job"), (generator, "generator")):
                state = one.state()
                if state in {"FAILED", "CANCELED"}:
                    msg = f"the {name} is {state}: {one.root_cause()[:4000]}"
                    raise JobError(msg)
            time.sleep(POLL_SECONDS)
        if not self._options.keep_running:
            generator.cancel()
        return begin

    @staticmethod
    def _dropped(job: FlinkJob) -> int:
        name = "numSamplesDropped"
        return int(job.metric_sums([name])[name])
