"""Jobs for the tests of the driver that runs Flink: they count exactly, and need no connector jar."""

from __future__ import annotations

import csv
import itertools
import subprocess
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from cdk_penstock.model.lifecycle.observed_job import JobState, Launch
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.local.service.driver import JobDriver
    from cdk_penstock.model.lifecycle.observed_job import JobObservation

T = TypeVar("T")
KEYS = 7
TIMEOUT_SECONDS = 180.0

# Each number comes once, as the next of its key; the version stands in the code, the rest comes from the properties.
COUNTING_MAIN = """
import json, os, time
from helper.versions import VERSION
from pyflink.table import EnvironmentSettings, TableEnvironment

with open(os.environ["APPLICATION_PROPERTIES_FILE"]) as file:
    groups = {group["PropertyGroupId"]: group["PropertyMap"] for group in json.load(file)}
job = groups["job"]
if "hang" in job:
    open(job["hang"], "w").close()
    time.sleep(600)
if "fail" in job:
    raise ValueError(job["fail"])
# first
t = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
# A chain that depends on the parallelism would give the operators other ids, so that their state fits no more.
t.get_config().set("pipeline.operator-chaining.enabled", "false")
if "restart" in job:
    t.get_config().set("restart-strategy.type", "fixed-delay")
    t.get_config().set("restart-strategy.fixed-delay.attempts", "1000000")
    t.get_config().set("restart-strategy.fixed-delay.delay", job["restart"])
for name in ("numbers", "others"):
    t.execute_sql(
        f"CREATE TABLE {name} (n BIGINT, came AS PROCTIME()) WITH ('connector' = 'datagen',"
        f"'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '{int(job['count']) - 1}',"
        f"'rows-per-second' = '{job['rate']}')"
    )
t.execute_sql(
    "CREATE TABLE counts (version STRING, n BIGINT, nth BIGINT, came STRING, x BIGINT)"
    f" WITH ('connector' = 'filesystem', 'path' = '{job['out']}', 'format' = 'csv')"
)
poison = job.get("poison", "-1")
source = "(SELECT n, came FROM numbers UNION ALL SELECT n, came FROM others)" if "reshape" in job else "numbers"
insert = (
    f"INSERT INTO counts SELECT '{VERSION}', n, COUNT(*) OVER (PARTITION BY n % 7 ORDER BY came"
    " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), CAST(CAST(came AS TIMESTAMP(3)) AS STRING),"
    f" n / ({job.get('divisor', f'n - {poison}')}) FROM {source}"
)
for _ in range(int(job.get("jobs", "1"))):
    t.execute_sql(insert)
"""

JAVA_MAIN = """
import java.io.*;
import java.nio.file.*;
import java.util.*;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public class Main {
    public static void main(String[] arguments) throws Exception {
        // As KinesisAnalyticsRuntime.getApplicationProperties() finds its file.
        Properties settings = new Properties();
        try (InputStream resource = Main.class.getClassLoader().getResourceAsStream("config.properties")) {
            settings.load(resource);
        }
        String groups = Files.readString(Path.of(settings.getProperty("application_properties_file")));
        if (groups.contains("java fails")) {
            throw new IllegalStateException("no luck in Java");
        }
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
        environment.fromSequence(1, 10).print();
        environment.execute("jar " + groups.contains("java runs"));
    }
}
"""


COUNTING_JOBS = {
    "one": "",
    "two": "",
    "raises": "raise ValueError('no luck in main')",
    # Flink restarts a job after ten seconds on MSF, and after one in the local MSF.
    "loops": "job['divisor'], job['restart'] = 'MOD(n + 1, 200)', '10 s'",
}
"""The counting jobs by their names, with what each does before it builds its tables."""


def counting_zip(file: Path, version: str) -> Path:
    """Write a counting job as it is deployed."""
    main = COUNTING_MAIN.replace("# first", COUNTING_JOBS.get(version, ""))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", main)
        archive.writestr("nothing.py", "print('no job here')\n")
        archive.writestr("dep/helper/__init__.py", "")
        archive.writestr("dep/helper/versions.py", f"VERSION = {version!r}\n")
    return file


def counting_jar(folder: Path, flink_home: Path) -> Path:
    """Compile the Java job, with the resource that names MSF's file of properties."""
    folder.mkdir()
    source, classes, jar = folder / "Main.java", folder / "classes", folder / "job.jar"
    source.write_text(JAVA_MAIN, encoding="utf-8")
    subprocess.run(
        ["javac", "--release", "11", "-nowarn", "-cp", f"{flink_home}/lib/*", "-d", str(classes), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: Main\n\n")
        archive.write(classes / "Main.class", "Main.class")
        archive.writestr("config.properties", "application_properties_file = /etc/flink/application_properties.json\n")
    return jar


@dataclass
class Bench:
    """One application on a driver, and one run of the counting job with its output."""

    driver: JobDriver
    code: Path
    out: Path
    application: str = "app"
    count: int = 100_000
    launches: itertools.count[int] = field(default_factory=itertools.count)

    def launch(self, *, code: Path | None = None, python: str = "main.py", rate: int = 50, **changes: object) -> Launch:
        """Launch a job; what is not a member of Launch is a property of the job."""
        members = {name: changes.pop(name) for name in list(changes) if name in Launch.__dataclass_fields__}
        properties = {"count": str(self.count), "rate": str(rate), "out": str(self.out)}
        launch = Launch(**{  # type: ignore[arg-type]
            "launch_id": f"{self.out.name}-{next(self.launches)}",
            "code": str(code or self.code),
            "runtime": "FLINK-1_20",
            "property_groups": {
                RUN_OPTIONS_GROUP: {"python": python, "pyFiles": "dep"} if python else {},
                "job": properties | {name: str(value) for name, value in changes.items()},
            },
            "checkpoint_interval_ms": 300,
            "min_pause_between_checkpoints_ms": 100,
            **members,
        })  # fmt: skip
        self.driver.launch(self.application, launch)
        return launch

    def observe(self) -> JobObservation:
        return self.driver.observe(self.application)

    def wait(self, *states: JobState) -> JobObservation:
        """Wait until the job is in one of some states, which it must reach without failing."""

        def reached() -> JobObservation | None:
            seen = self.observe()
            assert seen.state in states or seen.state not in {JobState.FAILED, JobState.ABSENT}, seen
            return seen if seen.state in states else None

        return wait_for(reached, self.observe)

    def wait_rows(self, number: int, version: str | None = None) -> None:
        """Wait until some rows of a version are committed, which takes a checkpoint."""

        def there() -> bool | None:
            assert self.observe().state not in {JobState.FAILED, JobState.ABSENT}, self.observe()
            return len(self.rows(version)) >= number or None

        wait_for(there, self.observe)

    def wait_file(self, file: Path) -> None:
        """Wait until the job's program has written a file."""
        wait_for(lambda: file.exists() or None, self.observe)

    def saved(self, snapshot: str, *, stop: bool) -> str:
        """Take a savepoint and return its location."""
        self.driver.save(self.application, snapshot, stop=stop)
        save = wait_for(
            lambda: save if (save := self.observe().saved[snapshot]).state != "IN_PROGRESS" else None, self.observe
        )
        assert save.state == "DONE", save.error
        assert save.size_bytes > 0
        return save.location

    def rows(self, version: str | None = None) -> list[list[str]]:
        files = [file for file in self.out.glob("*") if not file.name.startswith(".")]
        rows = [row for file in files for row in csv.reader(file.read_text(encoding="utf-8").splitlines())]
        return [row for row in rows if version in {None, row[0]}]

    def assert_exact(self) -> None:
        """Each number has come once, and each key has counted to the end without a gap or a repetition."""
        rows = self.rows()
        assert sorted(int(row[1]) for row in rows) == list(range(self.count))
        counted = Counter((int(row[1]) % KEYS, int(row[2])) for row in rows)
        expected = {(key, nth) for key in range(KEYS) for nth in range(1, len(range(key, self.count, KEYS)) + 1)}
        assert counted == Counter(dict.fromkeys(expected, 1))

    def assert_complete(self) -> None:
        """Each number has its one count, whatever came twice: a rollback goes back to what was before it."""
        counted = {(int(row[1]), int(row[2])) for row in self.rows()}
        assert counted == {(number, number // KEYS + 1) for number in range(self.count)}

    def times(self, version: str) -> list[float]:
        return sorted(datetime.fromisoformat(row[3]).timestamp() for row in self.rows(version))


def wait_for(condition: Callable[[], T | None], state: Callable[[], object]) -> T:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (result := condition()) is None:
        assert time.monotonic() < deadline, f"it did not happen in time: {state()}"
        time.sleep(0.05)
    return result
