"""Rules on which the sources about MSF disagree, or are silent: each a switch whose default is the likelier answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FailedUpdate(StrEnum):
    """The status after an update of a running application that failed, without system rollback."""

    READY = "READY"
    """No job runs."""
    UPDATING = "UPDATING"
    """The application stays as it is until a rollback or a forced stop."""


class RollbackRestores(StrEnum):
    """The snapshot that a rollback restores."""

    OF_TARGET_VERSION = "OF_TARGET_VERSION"
    """The newest one that the target version took."""
    NEWEST = "NEWEST"
    """The newest one of all."""


@dataclass(frozen=True, kw_only=True)
class Switches:
    """The answers that the state machine follows; SWITCH_SOURCES has the source of each.

    Parameters
    ----------
    rollback_makes_new_version
        True: a rollback is a new version with the old configuration. False: the old version id comes back.
    rollback_restores
        The snapshot that a rollback restores.
    failed_update
        The status after a failed update without system rollback.
    loop_restarts
        Restarts of a job, after which an update with system rollback counts as failed.
    loop_watch_seconds
        How long an update with system rollback watches the job for restarts before it counts as successful.
    default_ignores_all_values
        True: with ConfigurationType DEFAULT, given values are ignored in each block. False: only for checkpoints.
    update_keeps_current_parallelism
        True: an update that does not name the parallelism keeps what autoscaling has made of it.
    refuses_run_configuration_when_ready
        True: UpdateApplication refuses RunConfigurationUpdate while the application is READY. False: it has no effect.
    maximum_applications
        Applications of an account in a Region.
    maximum_kpus
        KPUs of an application.
    """

    rollback_makes_new_version: bool = True
    rollback_restores: RollbackRestores = RollbackRestores.OF_TARGET_VERSION
    failed_update: FailedUpdate = FailedUpdate.READY
    loop_restarts: int = 3
    loop_watch_seconds: float = 10.0
    default_ignores_all_values: bool = True
    update_keeps_current_parallelism: bool = True
    refuses_run_configuration_when_ready: bool = False
    maximum_applications: int = 50
    maximum_kpus: int = 64


SWITCH_SOURCES: Final = {
    "rollback_makes_new_version": "not documented; ApplicationVersionRolledBackFrom and -To exist in the API",
    "rollback_restores": "AWS's blog: the one taken at the change; API_RollbackApplication: the last successful one",
    "failed_update": "developer guide: READY; an older text of it: stays UPDATING",
    "loop_restarts": "AWS's blog: an immediate loop of failures; no number is documented",
    "loop_watch_seconds": "documented as immediately, and as within minutes",
    "default_ignores_all_values": "the API says it of checkpoints, of the others only that DEFAULT is MSF's own choice",
    "update_keeps_current_parallelism": "not documented",
    "refuses_run_configuration_when_ready": "not documented; CloudFormation and Terraform both avoid it",
    "maximum_applications": "Service Quotas: 50; developer guide: 100",
    "maximum_kpus": "Service Quotas: 64, can be raised to 250; an older text: 32",
}
"""The knowledge behind each switch, by its name."""
