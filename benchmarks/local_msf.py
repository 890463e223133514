"""Time of operations of the local MSF with many applications and snapshots stored, compared with one, in the same run.

Run with ``make bench``. No job runs: what is measured is the service itself, with its database on disk. The figures
are medians and 99th percentiles, of elapsed time and of processor time, which other programs do not lengthen; the calls
of both services take turns, so that both meet the same machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.records import SnapshotRecord
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.lifecycle.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 1_000
APPLICATIONS = 1_000
SNAPSHOTS_EACH = 100
TARGET_RATIO = 2.0
CALLER = ApiCaller(account="123456789012", region="eu-central-1", principal_arn="arn:aws:iam::123456789012:role/bench")
CODE = {
    "CodeContentType": "ZIPFILE",
    "CodeContent": {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}},
}


class Objects:
    """One object, whatever is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, bucket: str, key: str) -> Path:  # noqa: ARG002 - the interface
        """Return the file of an object."""
        return self._file


class Service:
    """A service with so many applications, each with so many snapshots; calls go to one in the middle."""

    def __init__(self, folder: Path, *, applications: int, snapshots: int) -> None:
        folder.mkdir()
        code = folder / "job.zip"
        code.write_bytes(b"code")
        options = MsfOptions(switches=Switches(maximum_applications=applications + 1))
        self._msf = Msf(
            store=Store(folder / "records.db"),
            driver=SimulatedDriver(folder / "savepoints", clock=options.clock),
            code=CodeStore(folder / "code", Objects(code)),
            policies=AllowAll(),
            options=options,
        )
        self._operations = ServiceOperations(self._msf)
        self.name = f"app-{applications // 2}"
        self.turn = 0
        for number in range(applications):
            self._create(f"app-{number}", snapshots)

    def _create(self, name: str, snapshots: int) -> None:
        self.create(name)
        application = self._msf.store.application(self.detail(name)["ApplicationARN"])
        taken = SnapshotRecord(
            uid="",
            application_uid=application.uid,
            application_name=name,
            name="",
            created_at=application.created_at,
            version_id=1,
            runtime=application.settings.runtime,
            status=SnapshotStatus.READY,
        )
        records = tuple(
            replace(taken, uid=f"{application.uid}-{number}", name=f"s-{number}") for number in range(snapshots)
        )
        self._msf.store.write(Change(application=application, snapshots=records))

    def call(self, operation: str, **given: Any) -> Mapping[str, Any]:
        """Call an operation."""
        return self._operations.call(operation, given, CALLER)

    def detail(self, name: str) -> Mapping[str, Any]:
        """Return the description of an application."""
        found: Mapping[str, Any] = self.call("DescribeApplication", ApplicationName=name)["ApplicationDetail"]
        return found

    def create(self, name: str) -> None:
        """Create an application."""
        self.call(
            "CreateApplication",
            ApplicationName=name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole="arn:aws:iam::123456789012:role/job",
            ApplicationConfiguration={"ApplicationCodeConfiguration": CODE},
        )

    def update(self) -> None:
        """Update an application that is READY."""
        self.turn += 1
        groups = [{"PropertyGroupId": "job", "PropertyMap": {"turn": str(self.turn)}}]
        self.call(
            "UpdateApplication",
            ApplicationName=self.name,
            ConditionalToken=self.detail(self.name)["ConditionalToken"],
            ApplicationConfigurationUpdate={"EnvironmentPropertyUpdates": {"PropertyGroups": groups}},
        )

    def create_and_delete(self) -> None:
        """Create an application, and delete it to its end."""
        self.create("another")
        created_at = self.detail("another")["CreateTimestamp"]
        self.call("DeleteApplication", ApplicationName="another", CreateTimestamp=created_at)
        while self._msf.reconcile():
            pass


OPERATIONS: dict[str, Callable[[Service], object]] = {
    "DescribeApplication": lambda service: service.detail(service.name),
    "ListApplications": lambda service: service.call("ListApplications", Limit=1),
    "ListApplicationSnapshots": lambda service: service.call(
        "ListApplicationSnapshots", ApplicationName=service.name, Limit=1
    ),
    "DescribeApplicationSnapshot": lambda service: service.call(
        "DescribeApplicationSnapshot", ApplicationName=service.name, SnapshotName="s-0"
    ),
    "UpdateApplication": Service.update,
    "create and delete": Service.create_and_delete,
}


def milliseconds(act: Callable[[Service], object], service: Service) -> tuple[float, float]:
    """Act, and return how long it took, and how much of that was processor time."""
    start, processor = time.perf_counter(), time.thread_time()
    act(service)
    return (time.perf_counter() - start) * 1_000, (time.thread_time() - processor) * 1_000


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        services = (
            Service(Path(name) / "one", applications=1, snapshots=1),
            Service(Path(name) / "many", applications=APPLICATIONS, snapshots=SNAPSHOTS_EACH),
        )
        print(f"one application, and {APPLICATIONS} with {APPLICATIONS * SNAPSHOTS_EACH} snapshots; {rounds} rounds")
        for operation, act in OPERATIONS.items():
            turns = [[milliseconds(act, service) for service in services] for _ in range(rounds)]
            for number, kind in enumerate(("elapsed", "processor")):
                report(f"{operation}, {kind}", *([turn[which][number] for turn in turns] for which in (0, 1)))
    print(f"target: p99 with all of them at most {TARGET_RATIO} times that with one")


def report(what: str, one: list[float], many: list[float]) -> None:
    """Print medians and 99th percentiles, and the ratios of many to one."""
    medians = [statistics.median(times) for times in (one, many)]
    slowest = [statistics.quantiles(times, n=100)[98] for times in (one, many)]
    print(
        f"{what:39}median {medians[0]:6.2f} and {medians[1]:6.2f} ms, ratio {medians[1] / medians[0]:5.2f};"
        f"  p99 {slowest[0]:6.2f} and {slowest[1]:6.2f} ms, ratio {slowest[1] / slowest[0]:5.2f}"
    )


if __name__ == "__main__":
    main()
