"""The answers of Flink's REST API that tell why a job fails, and how it and its cluster are configured.

Source: https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/ops/rest_api/
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.control.flink_dashboard import FlinkDashboard

_JOB_ID: Final = re.compile(r"[0-9a-f]{32}")
# The first of them are lost first: a job that restarts has new exceptions soon.
_OF_A_JOB: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "exceptions": ("/exceptions", {"maxExceptions": "20"}),
    "details": ("", {}),
    "checkpoints": ("/checkpoints", {}),
    "metrics": ("/metrics", {"get": "numRestarts,fullRestarts,uptime,downtime"}),
    "plan": ("/plan", {}),
    "checkpoint-config": ("/checkpoints/config", {}),
    "config": ("/config", {}),
}
_OF_THE_CLUSTER: Final = {"jobmanager-config": "/jobmanager/config", "taskmanagers": "/taskmanagers"}


def flink_sources(dashboard: FlinkDashboard, overview: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each answer, below the id of its job if it is about one, with what asks for it.

    Parameters
    ----------
    dashboard
        The REST API.
    overview
        The answer to ``/jobs/overview``.
    """
    for job in overview.get("jobs", ()):
        job_id = str(job.get("jid"))
        # The names of files are made of the id.
        if _JOB_ID.fullmatch(job_id):
            for name, (path, parameters) in _OF_A_JOB.items():
                yield f"{job_id}/{name}", partial(dashboard.get, f"/jobs/{job_id}{path}", parameters)
    for name, path in _OF_THE_CLUSTER.items():
        yield name, partial(dashboard.get, path)
