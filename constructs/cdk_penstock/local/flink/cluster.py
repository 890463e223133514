"""One JobManager and its TaskManagers as processes on loopback."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.flink.settings import (
    FlinkLayout,
    FlinkOptions,
    cluster_settings,
    render_settings,
    usable_folder,
)
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.ports import LOOPBACK, free_ports, require_free_port
from cdk_penstock.local.processes import Command, ManagedProcess, wait_until
from cdk_penstock.local.programs import find_java, require_program
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.flink.distribution import FlinkDistribution


START_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 10.0


class FlinkCluster(LocalService):
    """A Flink cluster, as a context manager; :meth:`start` and :meth:`wait_ready` may also be called apart.

    Parameters
    ----------
    folder
        Where its configuration, state and logs go. All but the logs and the configuration are deleted at the stop.
    python
        The interpreter of an environment with ``apache-flink``; it also runs the jobs' programs.
    options
        What may be chosen.
    environment
        Environment variables for the processes, and so for the jobs' programs, beside those of this process.
    port
        Where its pages and its REST API are, 0 for a free port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: Path,
        options: FlinkOptions | None = None,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self._folder = usable_folder(folder)
        self._python = python
        self._options = options or FlinkOptions()
        self._environment = dict(environment or {})
        self._wanted_port = port
        self._layout = FlinkLayout(folder=self._folder, rest_port=0, rpc_port=0)
        self._flink: FlinkDistribution | None = None
        self._job_manager: ManagedProcess | None = None
        self._task_managers: list[ManagedProcess] = []
        self._started = 0

    @property
    def url(self) -> str:
        """The address of its pages and its REST API."""
        return f"http://{LOOPBACK}:{self._layout.rest_port}"

    @property
    def options(self) -> FlinkOptions:
        """The chosen options."""
        return self._options

    @property
    def distribution(self) -> FlinkDistribution:
        """The Flink that runs."""
        if self._flink is None:
            self._flink = find_flink(self._python)
        return self._flink

    @property
    def job_manager_log(self) -> Path:
        """The output of the JobManager, and with it of the jobs' programs."""
        return self._layout.logs / "jobmanager.log"

    @property
    def processes(self) -> list[ManagedProcess]:
        """All processes that should be alive."""
        return ([] if self._job_manager is None else [self._job_manager]) + self._task_managers

    @property
    def job_manager_alive(self) -> bool:
        """True if the JobManager's process runs; without it there are no jobs."""
        return self._job_manager is not None and self._job_manager.alive

    def start(self) -> None:
        """Start all processes, without waiting for them.

        Raises
        ------
        MissingProgramError
            Java, bash or the ``apache-flink`` package is missing.
        PortInUseError
            The wanted port is taken.
        """
        find_java(purpose="to run Flink")
        require_program("bash", purpose="by the scripts that start Flink")
        rest_port = require_free_port(self._wanted_port, owner="Flink's REST API")
        layout = FlinkLayout(folder=self._folder, rest_port=rest_port, rpc_port=free_ports(1)[0])
        self._layout = layout
        for folder in (layout.configuration, layout.logs, layout.temporary, layout.checkpoints, layout.savepoints):
            folder.mkdir(parents=True, exist_ok=True)
        flink = self.distribution
        for file in (flink.home / "conf").glob("log4j*.properties"):
            shutil.copy(file, layout.configuration)
        settings = cluster_settings(layout, self._options, python=flink.python, java_options=flink.java_options)
        (layout.configuration / "config.yaml").write_text(render_settings(settings), encoding="utf-8")
        with defer_stop_signals():
            self._job_manager = self._start("jobmanager", "jobmanager.sh")
        for _ in range(self._options.task_managers):
            self.start_task_manager()

    def _start(self, name: str, script: str) -> ManagedProcess:
        flink = self.distribution
        environment = os.environ | self._environment | {
            "FLINK_HOME": str(flink.home),
            "FLINK_CONF_DIR": str(self._layout.configuration),
            "FLINK_LOG_DIR": str(self._layout.logs),
            "FLINK_PID_DIR": str(self._layout.temporary),
            "TMPDIR": str(self._layout.temporary),
            "PATH": f"{flink.python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }  # fmt: skip
        # The scripts replace themselves by the Java process, so that the child's id is the one to signal.
        arguments = [require_program("bash", purpose="by Flink"), str(flink.home / "bin" / script), "start-foreground"]
        log_file = self._layout.logs / f"{name}.log"
        return ManagedProcess(
            Command(name=name, arguments=arguments, log_file=log_file, folder=self._folder, environment=environment)
        ).start()

    def start_task_manager(self) -> ManagedProcess:
        """Start one more TaskManager, without waiting for it."""
        with defer_stop_signals():
            self._started += 1
            process = self._start(f"taskmanager-{self._started}", "taskmanager.sh")
            self._task_managers.append(process)
            return process

    def kill_task_manager(self, index: int = 0) -> None:
        """Kill a TaskManager the hard way, as a lost machine would; :meth:`start_task_manager` replaces it.

        Parameters
        ----------
        index
            Which one, in the order of their start.
        """
        self._task_managers.pop(index).kill()

    def resize(self, task_managers: int) -> None:
        """Replace TaskManagers that have ended, and start more or stop some, without waiting for them.

        Parameters
        ----------
        task_managers
            How many there should be.
        """
        with defer_stop_signals():
            lost = [process for process in self._task_managers if not process.alive]
            kept = [process for process in self._task_managers if process.alive]
            for process in [*kept[task_managers:], *lost]:
                process.stop(timeout_seconds=STOP_TIMEOUT_SECONDS)
            self._task_managers = kept[:task_managers]
        while len(self._task_managers) < task_managers:
            self.start_task_manager()

    def wait_ready(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Wait until all TaskManagers have registered.

        Raises
        ------
        ProcessDiedError
            A process ended.
        StartTimeoutError
            It took too long.
        """
        wait_until(self.ready, what="flink to offer its slots", timeout_seconds=timeout_seconds,
                   processes=self.processes)  # fmt: skip

    def ready(self) -> bool:
        """Return True if the JobManager answers and knows these TaskManagers, and no other one that is ending."""
        try:
            overview = JsonClient(self.url, timeout_seconds=5.0).get("/overview")
        except RestError:
            return False
        return int(overview["taskmanagers"]) == len(self._task_managers)

    def stop(self) -> None:
        """Stop all processes and delete their state and temporary files; the logs stay."""
        with defer_stop_signals():
            processes = [*self._task_managers, *([] if self._job_manager is None else [self._job_manager])]
            for process in processes:
                process.terminate()
            for process in processes:
                process.stop(timeout_seconds=STOP_TIMEOUT_SECONDS)
            self._task_managers.clear()
            self._job_manager = None
            for folder in (self._layout.temporary, self._layout.checkpoints, self._layout.savepoints):
                shutil.rmtree(folder, ignore_errors=True)
