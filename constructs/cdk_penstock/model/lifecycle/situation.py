"""An application with everything that its next change depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.changes import Change, end_operation, touch
from cdk_penstock.model.lifecycle.launching import recovery_order
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Moment, Records
    from cdk_penstock.model.lifecycle.observed_job import JobObservation
    from cdk_penstock.model.lifecycle.records import Application, Operation
    from cdk_penstock.model.lifecycle.transit import Transit


_RECOVERY_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Situation:
    """An application, what is observed of its job, and what else is known at a moment."""

    application: Application
    job: JobObservation
    records: Records
    moment: Moment

    @property
    def transit(self) -> Transit:
        """The operation in progress, in a status that has one."""
        if self.application.transit is None:
            raise RuntimeError(
                f"application {self.application.name} is {self.application.status}, without an operation"
            )
        return self.application.transit

    @property
    def is_early(self) -> bool:
        """True if the present status must last longer."""
        lasted = (self.moment.now - self.transit.since).total_seconds()
        return lasted < self.moment.transition_seconds

    @property
    def is_lost(self) -> bool:
        """True if the job that should run does not exist."""
        return self.job.launch_id != self.application.launch_id or self.job.state in {
            JobState.ABSENT,
            JobState.FAILED,
            JobState.CANCELED,
        }

    @property
    def is_finished(self) -> bool:
        """True if the job that should run came to its end."""
        return self.job.launch_id == self.application.launch_id and self.job.state is JobState.FINISHED

    def touched(self) -> Application:
        """Return the application with a new conditional token."""
        return touch(self.application, self.moment)

    def stopped(self) -> Application:
        """Return the application without a job."""
        return replace(
            self.touched(),
            status=ApplicationStatus.READY,
            transit=None,
            run_configuration=None,
            running_version=None,
            current_parallelism=None,
            effective_encryption=None,
            restored="",
        )

    def ended(self, status: OperationStatus = OperationStatus.SUCCESSFUL, *, error: str = "") -> tuple[Operation, ...]:
        """Return the operation in progress as it ended; empty for one that MSF does not list."""
        if not self.transit.operation_id:
            return ()
        operation = self.records.operation(self.application, self.transit.operation_id)
        return (end_operation(operation, self.moment, status, error=error),)

    def recovered(self) -> Change | None:
        """Return the order to launch a lost job again; None while it cannot be.

        That is for a while after the last order, should it fail always, and while the key is not enabled.
        """
        application, now = self.application, self.moment.now
        # A key is used when state is read; the job comes back once its key is enabled again.
        key = application.effective_encryption
        if key is not None and key.keys & self.moment.unusable_keys:
            return None
        since = _RECOVERY_PAUSE_SECONDS
        if application.launched_at is not None:
            since = (now - application.launched_at).total_seconds()
        if self.job.state is JobState.FAILED and since < _RECOVERY_PAUSE_SECONDS:
            return None
        again = replace(application, launch=application.launch + 1, launched_at=now)
        return Change(application=again, orders=(recovery_order(again, self.records),))
