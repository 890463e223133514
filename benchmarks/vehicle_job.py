"""Events per second of the vehicle job, from files and from Kafka, compared with Flink's JSON format alone.

All runs read the same events, which the fleet generator makes from a seed, on one real Flink cluster with RocksDB and
checkpoints, at parallelism 2; the broker shares the machine. Figures are medians; the ratio to the floor of the same
run is what counts on a shared machine. Run with ``python benchmarks/vehicle_job.py`` in the library's environment; the
same file is the program of the measured jobs, which run in the job's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.flink.cluster import FlinkCluster
    from cdk_penstock.local.flink.jobs import FlinkJob

ROOT = Path(__file__).resolve().parent.parent
START_MS = 1_700_000_000_000
WINDOW_SECONDS = 5
OUT_OF_ORDERNESS_MS = 5_000
TASK_MANAGER_MIB = 3_072
TOPIC = "events"
TARGETS = {"files": 0.20, "kafka": 0.12}
COLUMNS = "eventType STRING, vehicleId STRING, region STRING, `timestamp` BIGINT, measurement BIGINT"


def file_table(folder: Path) -> dict[str, str]:
    """Options of a folder of JSON, one file a task, so that each reader sees its events in order."""
    whole = {"sink.rolling-policy.file-size": "1 tb", "sink.rolling-policy.rollover-interval": "1 d"}
    return {"connector": "filesystem", "path": folder.as_uri(), "format": "json", **whole}


def run_program(kind: str, plan: dict[str, Any]) -> None:
    """Submit one of the measured jobs: this runs inside Flink, in the job's environment."""
    from pyflink.table import EnvironmentSettings, TableEnvironment  # noqa: PLC0415

    from flink_job.kafka import KafkaCluster  # noqa: PLC0415
    from flink_job.properties import PropertyGroup  # noqa: PLC0415
    from flink_job.tables import configure, with_clause  # noqa: PLC0415
    from vehicle_metrics.contract import PACKAGED_MODELS  # noqa: PLC0415
    from vehicle_metrics.fleet import FleetSettings, GeneratorSettings, generator_statements  # noqa: PLC0415
    from vehicle_metrics.job import vehicle_statements  # noqa: PLC0415
    from vehicle_metrics.settings import EventInput, JobSettings  # noqa: PLC0415
    from vehicle_metrics.statements import TableOptions  # noqa: PLC0415

    job = JobSettings(window_seconds=WINDOW_SECONDS, state_ttl_ms=3_600_000, max_parallelism=128)
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    configure(environment, job.configuration(kind))
    events, out = Path(plan["events"]), Path(plan["out"])
    broker = {"bootstrap.servers": plan["broker"], "topic": TOPIC, "authentication": "none"}
    if kind.startswith("make"):
        fleet = FleetSettings(plan["vehicles"], 42, 0, 0.2, 0.1, 0.05, plan["count"], START_MS)
        topic = GeneratorSettings(fleet, KafkaCluster(plan["broker"], "none"), TOPIC, job).output_options()
        output = topic if kind == "make kafka" else file_table(events)
        tables, insert = generator_statements(fleet.options(), output)
        for table in tables:
            environment.execute_sql(table)
        environment.execute_sql(insert)
    elif kind == "floor":
        environment.execute_sql(f"CREATE TEMPORARY TABLE events ({COLUMNS}) {with_clause(file_table(events))}")
        environment.execute_sql(f"CREATE TEMPORARY TABLE nothing ({COLUMNS}) WITH ('connector' = 'blackhole')")
        environment.execute_sql("INSERT INTO nothing SELECT * FROM events")
    else:
        source = {"connector": "filesystem", "path": events.as_uri(), "format": "vehicle-event"}
        if kind == "kafka":
            group = PropertyGroup("input.events", broker | {"starting.offsets": "earliest"})
            source = EventInput.of(group).options() | {"scan.bounded.mode": "latest-offset"}
        options = TableOptions(
            events=source,
            models={"connector": "reference-csv", "location": PACKAGED_MODELS},
            metrics=file_table(out / "metrics"),
            dead_letters=file_table(out / "dead"),
        )
        vehicle_statements(environment, options, WINDOW_SECONDS, OUT_OF_ORDERNESS_MS).execute()


@dataclass(frozen=True)
class Run:
    """One measured job. Processor time hardly depends on what else the machine does: KPUs are reckoned from it."""

    events_per_second: float
    events_per_cpu_second: float
    memory_mib: float
    checkpoint_ms: int
    state_mib: float
    rows: int
    in_motion: float
    dead_letters: int


class Bench:
    """Submits jobs to one cluster and times them."""

    def __init__(self, cluster: FlinkCluster, folder: Path, plan: dict[str, Any]) -> None:
        self._cluster, self._folder, self._plan = cluster, folder, plan
        self._packages = folder / "dep"
        for package in ("vehicle_metrics/vehicle_metrics", "shared/flink_job"):
            shutil.copytree(ROOT / "flink_app" / package, self._packages / Path(package).name)

    def submit(self, kind: str, out: Path) -> FlinkJob:
        """Start a job."""
        from cdk_penstock.local.flink.submission import JobProgram, submit_job  # noqa: PLC0415

        program = JobProgram(
            main=Path(__file__),
            packages=[self._packages],
            jar=ROOT / "flink_app" / "vehicle_metrics" / "target" / "pyflink-dependencies.jar",
            arguments=["--program", kind, "--plan", json.dumps(self._plan | {"out": str(out)})],
            parallelism=self._plan["parallelism"],
        )
        return submit_job(self._cluster, program)

    def measure(self, kind: str) -> Run:
        """Run a job to its end; the time is that from its tasks' start to its end."""
        out = Path(tempfile.mkdtemp(dir=self._folder))
        worker = self._cluster.processes[-1].pid
        cpu_before = cpu_seconds(worker)
        job = self.submit(kind, out)
        memory = 0.0
        while job.state() not in {"FINISHED", "FAILED", "CANCELED"}:
            memory = max(memory, resident_mib(worker))
            time.sleep(0.5)
        details = job.details()
        if details["state"] != "FINISHED":
            raise RuntimeError(f"the job {kind} is {details['state']}: {job.root_cause()[:2000]}")
        running_ms = details["end-time"] - min(vertex["start-time"] for vertex in details["vertices"])
        checkpoints = job.checkpoints()
        rows = read_rows(out / "metrics")
        run = Run(
            events_per_second=self._plan["count"] / running_ms * 1000,
            events_per_cpu_second=self._plan["count"] / (cpu_seconds(worker) - cpu_before),
            memory_mib=memory,
            checkpoint_ms=checkpoints.duration_average_ms,
            state_mib=checkpoints.size_max_bytes / 2**20,
            rows=len(rows),
            in_motion=sum(row["vehicles_in_motion"] or 0 for row in rows),
            dead_letters=len(read_rows(out / "dead")),
        )
        shutil.rmtree(out)
        return run


def cpu_seconds(pid: int | None) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int | None) -> float:
    """Return the resident memory of a process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return what a job wrote to a folder."""
    return [json.loads(line) for file in folder.glob("part-*") for line in file.read_text("utf-8").splitlines()]


def median(kind: str, runs: list[Run], floor: float) -> float:
    """Print the median of some runs, and return its rate."""
    rate = statistics.median(run.events_per_second for run in runs)
    middle = min(runs, key=lambda run: abs(run.events_per_second - rate))
    share = f"{rate / floor:6.0%} of the floor" if floor else ""
    print(
        f"{kind:24}{rate:12,.0f} events/s {share:20}"
        f"{middle.events_per_cpu_second:10,.0f} per CPU second, memory {middle.memory_mib:6,.0f} MiB, "
        f"checkpoint {middle.checkpoint_ms:5,} ms, state {middle.state_mib:7.1f} MiB, "
        f"{middle.rows:,} rows, {middle.dead_letters:,} dead letters",
        flush=True,
    )
    return rate


def compare(options: argparse.Namespace, start: Callable[[Path], FlinkCluster]) -> None:
    """Measure the floor, files and Kafka in turn, so that the noise of the machine meets all of them."""
    from cdk_penstock.local.broker.kafka import KafkaBroker  # noqa: PLC0415
    from cdk_penstock.local.broker.topics import TopicAccess  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        with KafkaBroker(folder / "kafka") as broker, start(folder / "flink") as cluster:
            TopicAccess(broker.bootstrap_servers).create(TOPIC, partitions=options.parallelism)
            plan = vars(options) | {"events": str(folder / "events"), "broker": broker.bootstrap_servers}
            bench = Bench(cluster, folder, plan)
            for kind in ("make files", "make kafka"):
                print(f"{kind:24}{bench.measure(kind).events_per_second:12,.0f} events/s", flush=True)
            runs: dict[str, list[Run]] = {"floor": [], "files": [], "kafka": []}
            for _ in range(options.runs):
                for kind, done in runs.items():
                    done.append(bench.measure(kind))
        floor = median("floor: json alone", runs["floor"], 0)
        for kind, target in TARGETS.items():
            rate = median(f"vehicle job from {kind}", runs[kind], floor)
            print(f"{'':24}target {target:.0%}: {'met' if rate >= target * floor else 'missed'}")
        results = {(run.rows, run.in_motion, run.dead_letters) for kind in TARGETS for run in runs[kind]}
        print(f"all runs found the same: {'yes' if len(results) == 1 else 'no: ' + str(sorted(results))}")


def grow(options: argparse.Namespace, start: Callable[[Path], FlinkCluster]) -> None:
    """Measure fleets of growing size, each on a new cluster, with the same number of events."""
    for vehicles in (1_000, 10_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory(dir=options.folder) as name, start(Path(name) / "flink") as cluster:
            plan = vars(options) | {"vehicles": vehicles, "events": str(Path(name) / "events"), "broker": ""}
            bench = Bench(cluster, Path(name), plan)
            bench.measure("make files")
            median(f"{vehicles:,} vehicles", [bench.measure("files")], 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=24_000_000, help="events")
    parser.add_argument("--vehicles", type=int, default=100_000)
    parser.add_argument("--parallelism", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3, help="of each kind")
    parser.add_argument("--no-growth", action="store_true", help="leave out the fleets of growing size")
    parser.add_argument("--folder", help="where to put some GiB for a while; default: the temporary folder")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT / "constructs"))
    from cdk_penstock.local.flink.cluster import FlinkCluster  # noqa: PLC0415
    from cdk_penstock.local.flink.settings import FlinkOptions  # noqa: PLC0415

    def start(folder: Path) -> FlinkCluster:
        flink = FlinkOptions(task_manager_memory_mib=TASK_MANAGER_MIB)
        return FlinkCluster(folder, python=ROOT / ".venv-job" / "bin" / "python", options=flink)

    compare(options, start)
    if not options.no_growth:
        grow(options, start)


if __name__ == "__main__":
    if "--program" in sys.argv:
        run_program(sys.argv[sys.argv.index("--program") + 1], json.loads(sys.argv[sys.argv.index("--plan") + 1]))
    else:
        main()
