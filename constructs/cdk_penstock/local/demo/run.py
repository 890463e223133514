"""Playing a scenario on the local pipeline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from cdk_penstock.local.consumption import wait_consumed
from cdk_penstock.local.demo.checks import check_gaps, count_reasons, parse_dead_letter
from cdk_penstock.local.demo.demo_platform import DemoApplication, DemoPlatform
from cdk_penstock.local.demo.results import Addresses, DemoResult
from cdk_penstock.local.errors import ScenarioError
from cdk_penstock.local.event_files import latest_event_ms, read_lines
from cdk_penstock.local.event_lines import minutes_shift_ms, parse_line, shift_line
from cdk_penstock.local.event_replay import EventTime, ReplayOptions, replay
from cdk_penstock.local.job_package import require_programs
from cdk_penstock.local.kafka_sink import KafkaSink
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.prometheus.samples import read_samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.local.demo.demo_platform import PlatformOptions
    from cdk_penstock.local.demo.scenario import Scenario
    from cdk_penstock.local.flink.jobs import FlinkJob
    from cdk_penstock.local.progress import Progress

POLL_SECONDS: Final = 0.5
# Recomputing takes some 6 microseconds an event; beyond this, only gaps are looked for.
_MOST_EVENTS_TO_RECOMPUTE: Final = 2_000_000
_EXACT_CHECK: Final = "every sample equals an independent computation from the events"
_GAPS_CHECK: Final = "every series has a sample for every window"


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """The scenario and its options.

    ``seconds`` is how long events are generated. With ``input_file`` recorded events are replayed instead, once,
    ``speed_up`` times faster than recorded (0: as fast as possible). ``keep_running`` leaves the generator running.
    """

    scenario: Scenario
    package: Path
    platform: PlatformOptions
    seconds: float = 60.0
    input_file: Path | None = None
    speed_up: float = 0.0
    event_time: EventTime = EventTime.KEEP
    parallelism: int = 2
    keep_running: bool = False


class Demo:
    """The demonstration, as a context manager around :meth:`run`; everything stops when it is left.

    Before anything is started, it raises InputFileError for an input file that is missing, empty or unreadable,
    PackageError for a package that is missing or lacks a program, and ScenarioError where no program makes up events.
    """

    def __init__(self, options: DemoOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        self._progress = progress or SilentProgress()
        self._shift_ms = 0
        require_programs(options.package, self._programs())
        options.scenario.check_inputs()
        if options.input_file is not None:
            self._shift_ms = self._input_shift_ms(options.input_file)
        self._platform = DemoPlatform(options.platform, progress=self._progress)
        self._applications: list[DemoApplication] = []

    def _programs(self) -> list[str]:
        scenario = self._options.scenario
        if self._options.input_file is not None:
            return [scenario.job_program]
        if scenario.generator_program is None:
            raise ScenarioError("this scenario has no generator: give recorded events")
        return [scenario.job_program, scenario.generator_program]

    def _input_shift_ms(self, input_file: Path) -> int:
        latest_ms = latest_event_ms(input_file, self._options.scenario.fields)
        if latest_ms is None or self._options.event_time is EventTime.KEEP:
            return 0
        return minutes_shift_ms(latest_ms, int(time.time() * 1000))

    def __enter__(self) -> Self:
        self._progress.stage("start Kafka, Prometheus and the local MSF")
        self._platform.__enter__()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._platform.stop()

    def check_running(self) -> None:
        """Raise LocalPipelineError unless everything that it started runs."""
        for process in (self._platform.kafka.process, self._platform.prometheus.process):
            if process is not None:
                process.require_alive()
        for application in self._applications:
            application.check_running()

    def run(self) -> DemoResult:
        """Run all stages and return what was found; raise LocalPipelineError for a stage that fails."""
        options, scenario = self._options, self._options.scenario
        self._progress.stage(f"start the {scenario.job_name} of the package")
        package = self._platform.upload(options.package)
        job, generator = self._start_applications()
        if options.input_file is not None:
            self._progress.stage(f"replay {options.input_file}")
            begin = self._replay(options.input_file)
        if generator is not None:
            self._progress.stage(f"{scenario.generating} for {options.seconds:g} s")
            begin = self._generate(generator)
        stay = options.keep_running and generator is not None
        events = self._platform.topics.count(scenario.events_topic)
        if not stay:
            self._progress.stage("read the rest and close the last window")
            wait_consumed(
                self._platform.topics,
                job,
                topic=scenario.events_topic,
                group=scenario.consumer_group,
                progress=self._progress,
            )
        seconds = time.monotonic() - begin
        checkpoints, restarts, dropped = job.checkpoints(), job.restarts(), self._dropped(job)
        if not stay:
            job.stop(drain=True)
        self._progress.stage("read the samples back and check them")
        samples = read_samples(self._platform.prometheus.url, metrics=scenario.layout.metrics)
        letters = [parse_dead_letter(value) for value in self._platform.topics.records(scenario.dead_letters_topic)]
        problems: list[str] = []
        exact = not stay and events <= _MOST_EVENTS_TO_RECOMPUTE
        if exact:
            problems += scenario.check(self._sent_lines(), letters, samples, jar=package.jar)
        if options.input_file is None:
            problems += check_gaps(samples, events=events, window_seconds=scenario.window_seconds)
        if dropped:
            problems.append(f"{dropped:,} samples were refused by Prometheus")
        return DemoResult(
            layout=scenario.layout,
            samples=samples,
            events=events,
            seconds=seconds,
            dead_letters=count_reasons(letters),
            restarts=restarts,
            checkpoints=checkpoints,
            addresses=Addresses(
                msf=self._platform.stack.msf.url,
                flink=job.cluster_url,
                prometheus=self._platform.prometheus.url,
                kafka=self._platform.kafka.bootstrap_servers,
            ),
            window_seconds=scenario.window_seconds,
            problems=problems,
            checked=_EXACT_CHECK if exact else _GAPS_CHECK,
        )

    def _start_applications(self) -> tuple[FlinkJob, DemoApplication | None]:
        scenario, platform = self._options.scenario, self._platform
        platform.topics.create(scenario.events_topic, partitions=self._options.parallelism)
        platform.topics.create(scenario.dead_letters_topic, partitions=1)
        properties = scenario.property_groups(
            bootstrap_servers=platform.kafka.bootstrap_servers,
            remote_write_url=platform.prometheus.remote_write_url,
        )
        name = scenario.job_name.replace(" ", "-")
        application = DemoApplication(platform, name)
        application.create(scenario.job_program, properties, parallelism=self._options.parallelism)
        generator = None
        if self._options.input_file is None:
            generator = DemoApplication(platform, f"{name}-generator")
            generator.create(self._programs()[-1], properties, parallelism=1)
        job = application.wait_running()
        self._applications = [application, *([generator] if generator else [])]
        return job, generator

    def _sent_lines(self) -> Iterator[bytes]:
        if self._options.input_file is None:
            yield from self._platform.topics.records(self._options.scenario.events_topic)
        else:
            fields = self._options.scenario.fields
            # From the file, and not from the topic: so that a record lost on its way there is missed.
            for line in read_lines(self._options.input_file):
                yield line if parse_line(line, fields) is None else shift_line(line, self._shift_ms, fields)

    def _replay(self, input_file: Path) -> float:
        begin = time.monotonic()
        sink = KafkaSink(self._platform.kafka.bootstrap_servers, self._options.scenario.events_topic)
        how = ReplayOptions(
            fields=self._options.scenario.fields, speed_up=self._options.speed_up, shift_ms=self._shift_ms
        )
        replay(read_lines(input_file), sink, how, progress=self._progress)
        return begin

    def _generate(self, generator: DemoApplication) -> float:
        topics, scenario = self._platform.topics, self._options.scenario
        generator.wait_running()
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < self._options.seconds:
            events = topics.count(scenario.events_topic)
            rate = events / max(elapsed, 1.0)
            self._progress.update(
                f"{elapsed:.0f} of {self._options.seconds:g} s, {events:,} events, {rate:,.0f} a second"
            )
            self.check_running()
            time.sleep(POLL_SECONDS)
        if not self._options.keep_running:
            generator.stop()
        return begin

    @staticmethod
    def _dropped(job: FlinkJob) -> int:
        name = "numSamplesDropped"
        return int(job.metric_sums([name])[name])
