"""Scaling and maintenance, which MSF does by itself: both are a restart with a snapshot.

Sources: how-scaling-auto and maintenance of the developer guide. The names of the two operations are not documented.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.changes import Change, begin_operation
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import automatic_snapshot
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.transit import Phase, Transit

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.situation import Situation


def scale(at: Situation, *, up: bool) -> Change:
    """Begin what autoscaling does: double the parallelism, or halve it, but not below the configured one.

    Raises
    ------
    RefusedCallError
        The application does not run, autoscaling is off, or there is nowhere to scale to.
    """
    application, moment = at.application, at.moment
    settings = application.settings
    present = application.current_parallelism or settings.parallelism
    wanted = present * 2 if up else max(settings.parallelism, math.ceil(present / 2))
    limit = moment.switches.maximum_kpus * settings.parallelism_per_kpu
    if not settings.flink["ParallelismConfigurationDescription"]["AutoScalingEnabled"]:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST, f"AutoScalingEnabled is false for application {application.name}"
        )
    if wanted == present or wanted > limit:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST,
            f"Application {application.name} stays at parallelism {present}: it must be between"
            f" {settings.parallelism} and {limit}",
        )
    return _restart(at, ApplicationStatus.AUTOSCALING, "AutoScaling", wanted)


def maintain(at: Situation) -> Change:
    """Begin maintenance: the application restarts, with its state, and its version stays.

    Raises
    ------
    RefusedCallError
        The application does not run.
    """
    application = at.application
    present = application.current_parallelism or application.settings.parallelism
    return _restart(at, ApplicationStatus.MAINTENANCE, "Maintenance", present)


def _restart(at: Situation, status: ApplicationStatus, name: str, parallelism: int) -> Change:
    application, moment = at.application, at.moment
    if application.status is not ApplicationStatus.RUNNING:
        raise RefusedCallError(
            RefusalCode.RESOURCE_IN_USE, f"Application {application.name} must be RUNNING, it is {application.status}"
        )
    operation = begin_operation(application, name, moment)
    # MSF takes the snapshot also when the application has snapshots disabled: it could not keep its state otherwise.
    saved = automatic_snapshot(application, moment)
    restarting = replace(
        at.touched(),
        status=status,
        transit=Transit(
            operation_id=operation.operation_id,
            phase=Phase.SAVE,
            since=moment.now,
            phase_since=moment.now,
            snapshot=saved.uid,
            restore=saved.uid,
            parallelism=parallelism,
        ),
    )
    return Change(application=restarting, operations=(operation,), snapshots=(saved,))
