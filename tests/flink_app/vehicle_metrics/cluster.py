"""One Flink mini cluster for a whole test run, inside the JVM that PyFlink starts."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, TableEnvironment

from flink_job.tables import configure
from vehicle_metrics.settings import JobSettings

BUILT_JAR = Path(__file__).parents[3] / "flink_app" / "vehicle_metrics" / "target" / "pyflink-dependencies.jar"
WINDOW_SECONDS = 5

_SLOTS = 4
_CLUSTER_OPTIONS = {
    "rest.port": "0",
    "rest.bind-port": "0",
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": str(_SLOTS),
    "taskmanager.memory.managed.size": "256m",
    "taskmanager.memory.network.min": "64m",
}


@cache
def jar_uri() -> str:
    """Return a copy of the jar: a build during the tests must not change the file that this JVM has open."""
    if not BUILT_JAR.is_file():
        message = (
            f"{BUILT_JAR} is missing: build it with mvn -B -q package -DskipTests -f flink_app/vehicle_metrics/pom.xml"
        )
        raise FileNotFoundError(message)
    folder = Path(tempfile.mkdtemp(prefix="penstock-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(shutil.copy(BUILT_JAR, folder)).as_uri()


class MiniCluster:
    """A cluster with its web port open, so that each job is submitted to it instead of starting its own."""

    def __init__(self, folder: Path) -> None:
        jvm = get_gateway().jvm
        options = jvm.org.apache.flink.configuration.Configuration()
        for key, value in (_CLUSTER_OPTIONS | {"io.tmp.dirs": str(folder)}).items():
            options.setString(key, value)
        settings = (
            jvm.org.apache.flink.runtime.minicluster.MiniClusterConfiguration.Builder()
            .setConfiguration(options)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(_SLOTS)
            .build()
        )
        self._cluster: Any = jvm.org.apache.flink.runtime.minicluster.MiniCluster(settings)
        self._cluster.start()
        address = self._cluster.getRestAddress().get()
        self._target = {
            "execution.target": "remote",
            "rest.address": address.getHost(),
            "rest.port": str(address.getPort()),
        }

    def stop(self) -> None:
        self._cluster.close()

    def environment(self, parallelism: int) -> TableEnvironment:
        """A table environment whose jobs run here, with the job's own configuration."""
        environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
        job = JobSettings(window_seconds=WINDOW_SECONDS, state_ttl_ms=3_600_000, max_parallelism=128)
        own = {"pipeline.jars": jar_uri(), "parallelism.default": str(parallelism)}
        configure(environment, self._target | own | job.configuration("test"))
        return environment
