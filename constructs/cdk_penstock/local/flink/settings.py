"""Configuration of the local Flink: as the managed service has it, as far as one machine allows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import LocalPipelineError
from cdk_penstock.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What Managed Service for Apache Flink sets and does not let a job change.
SERVICE_SETTINGS = {
    "state.backend.type": "rocksdb",
    "execution.checkpointing.incremental": "true",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.max-concurrent-checkpoints": "1",
    "execution.checkpointing.timeout": "60 min",
    "execution.checkpointing.unaligned.enabled": "false",
    "execution.checkpointing.num-retained": "1",
    "execution.checkpointing.local-backup.enabled": "true",
    "execution.state-recovery.from-local": "true",
    "state.storage.fs.memory-threshold": "1048576",
    "execution.checkpointing.data-inline-threshold": "1 mb",
    "taskmanager.memory.managed.fraction": "0.25",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "2147483647",
}
# What makes one machine quick: the service waits 10 s before a restart and learns of a lost worker later.
LOCAL_SETTINGS = {
    "restart-strategy.fixed-delay.delay": "1 s",
    "heartbeat.interval": "1000",
    "heartbeat.timeout": "10000",
    "heartbeat.rpc-failure-threshold": "2",
    # While a killed worker is being replaced, wait for it instead of counting a restart every second.
    "resourcemanager.standalone.start-up-time": "86400000",
    "metrics.fetcher.update-interval": "500",
    "web.refresh-interval": "1000",
    "blob.server.port": "0",
    "metrics.internal.query-service.port": "0",
    "taskmanager.memory.jvm-metaspace.size": "256m",
}


@dataclass(frozen=True, kw_only=True)
class FlinkOptions:
    """Options of the local Flink.

    ``slots`` are per task manager; memory is that of a whole process, in MiB; ``extra`` are Flink settings that win
    over all others. With ``checkpoint_interval_seconds`` None, jobs take checkpoints only if they set an interval.
    """

    task_managers: int = 1
    slots: int = 4
    checkpoint_interval_seconds: float | None = 5.0
    job_manager_memory_mib: int = 1024
    task_manager_memory_mib: int = 1792
    extra: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class FlinkLayout:
    """Folders and ports of one cluster."""

    folder: Path
    rest_port: int
    rpc_port: int

    @property
    def configuration(self) -> Path:
        """The folder of the configuration."""
        return self.folder / "conf"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.folder / "log"

    @property
    def temporary(self) -> Path:
        """The folder of everything that the Java processes drop and sometimes leave behind."""
        return self.folder / "tmp"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.folder / "checkpoints"

    @property
    def savepoints(self) -> Path:
        """The folder of the savepoints."""
        return self.folder / "savepoints"


def usable_folder(folder: Path) -> Path:
    """Return a folder as an absolute path, in which Flink can work.

    Raises
    ------
    LocalPipelineError
        Its path has white space, at which Flink's scripts split the options of Java.
    """
    if any(character.isspace() for character in str(folder.absolute())):
        raise LocalPipelineError(
            f"Flink cannot work in the folder {str(folder.absolute())!r}: expected a path without white space"
        )
    return folder.absolute()


def cluster_settings(layout: FlinkLayout, options: FlinkOptions, *, python: Path, java_options: str) -> dict[str, str]:
    """Return the content of ``config.yaml`` as flat keys.

    Parameters
    ----------
    layout
        Where the cluster lives.
    options
        What the user chose.
    python
        The interpreter that runs the job's ``main.py`` and any Python function.
    java_options
        What Flink needs on this Java.
    """
    own = {
        "env.java.opts.all": f"{java_options} -Djava.io.tmpdir={layout.temporary} -XX:+UseSerialGC".strip(),
        "jobmanager.rpc.address": LOOPBACK,
        "jobmanager.rpc.port": str(layout.rpc_port),
        "jobmanager.bind-host": LOOPBACK,
        "rest.address": LOOPBACK,
        "rest.bind-address": LOOPBACK,
        "rest.port": str(layout.rest_port),
        "rest.bind-port": str(layout.rest_port),
        "taskmanager.host": LOOPBACK,
        "taskmanager.bind-host": LOOPBACK,
        "jobmanager.memory.process.size": f"{options.job_manager_memory_mib}m",
        "taskmanager.memory.process.size": f"{options.task_manager_memory_mib}m",
        "taskmanager.numberOfTaskSlots": str(options.slots),
        "execution.checkpointing.dir": f"file://{layout.checkpoints.absolute()}",
        "execution.checkpointing.savepoint-dir": f"file://{layout.savepoints.absolute()}",
        "io.tmp.dirs": str(layout.temporary),
        "web.upload.dir": str(layout.temporary),
        "python.executable": str(python),
        "python.client.executable": str(python),
    }
    return SERVICE_SETTINGS | LOCAL_SETTINGS | own | _checkpoint_times(options) | dict(options.extra or {})


def _checkpoint_times(options: FlinkOptions) -> dict[str, str]:
    if options.checkpoint_interval_seconds is None:
        return {}
    interval_ms = round(options.checkpoint_interval_seconds * 1000)
    return {
        "execution.checkpointing.interval": f"{interval_ms} ms",
        "execution.checkpointing.min-pause": f"{interval_ms // 2} ms",
    }


def render_settings(settings: Mapping[str, str]) -> str:
    """Return ``config.yaml``: flat keys, every value quoted (a JSON string is a YAML string)."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in sorted(settings.items()))
