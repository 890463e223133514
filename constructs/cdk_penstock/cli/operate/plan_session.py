"""One run of a changing command of ``penstock app``: the plan, its steps, its end, and the exit code."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from cdk_penstock.cli.aws_session import aws_access, explain_aws_errors
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.operate.application_access import open_access
from cdk_penstock.cli.operate.evidence_folder import write_evidence
from cdk_penstock.cli.operate.plan_options import EXIT_CODES, EXIT_INTERRUPTED
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.control.application_operation import ApplicationOperation
from cdk_penstock.control.evidence import EvidenceCollector
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.plan_runner import PlanRunner
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning import DescribedSettings, Ended, Outcome, Target, expected_plan
from cdk_penstock.model.lifecycle.planning import plan_actions as steps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_penstock.cli.operate.application_access import ApplicationAccess
    from cdk_penstock.cli.operate.plan_options import PlanOptions
    from cdk_penstock.model.lifecycle.planning import Observation

_UNDONE: Final = frozenset({Outcome.ROLLED_BACK, Outcome.RESTORED})
_CHANGES: Final = (steps.Update, steps.RollBack, steps.PutBack, steps.Start)
_EVIDENCE_SECONDS: Final = 5.0
"""The rollback waits for it."""


class PlanSession:
    """Plans for one application, and what they did.

    Parameters
    ----------
    access
        The application.
    options
        The options of the command.
    """

    def __init__(self, access: ApplicationAccess, options: PlanOptions) -> None:
        self._access = access
        self._options = options
        self._progress = ConsoleProgress(new_console(stderr=True))
        self._plan: list[str] = []
        self._taken: list[str] = []
        self._evidence: list[str] = []
        self._notes: list[str] = []

    def observe(self) -> Observation:
        """Return the application as it is."""
        return self._runner.observe()

    def stage(self, title: str) -> None:
        """Show a stage of the command itself."""
        self._progress.stage(title)

    def begin(self, step: str) -> bool:
        """Show a step of the command itself; return False if it is only planned."""
        self._plan.append(step)
        if not self._options.dry_run:
            self._report(step)
        return not self._options.dry_run

    def pause(self) -> None:
        """End the present stage, before something else is printed."""
        self._progress.done()

    def note(self, text: str) -> None:
        """Show, once, what the user must know beside the steps."""
        if text not in self._notes:
            self._notes.append(text)
            self._progress.done()
            typer.echo(f"  note: {text}", err=True)

    def run(self, target: Target, *, planned_from: Observation | None = None) -> Ended:
        """Take every step to the target, or with ``--dry-run`` only plan them; exit with 130 if interrupted.

        ``planned_from`` is the state that is expected then. Default: the present one.
        """
        target = replace(target, transit=self._options.transit)
        self._progress.done()
        try:
            plan = expected_plan(planned_from or self.observe(), target)
            self._plan += [str(each) for each in plan]
            end = plan[-1] if self._options.dry_run else self._runner.run(target)
            if not isinstance(end, Ended):
                raise PenstockError(f"no end of the plan is known: its steps are {', '.join(self._plan)}")
            if end.outcome not in {Outcome.FAILED, Outcome.REFUSED}:
                self._progress.done()
            if end.outcome in _UNDONE and not any(isinstance(each, _CHANGES) for each in plan):
                self.note("it was undone before, and is not made again: to make it again, add --again")
        except KeyboardInterrupt:
            self._progress.stop()
            typer.echo(
                "interrupted: MSF goes on with what it has begun. Run the same command again to continue, without"
                " --again; penstock app status shows the present state",
                err=True,
            )
            raise typer.Exit(EXIT_INTERRUPTED) from None
        finally:
            self._progress.stop()
        return end

    def stop(self) -> None:
        """Stop the animation, for what is printed by others."""
        self._progress.stop()

    def finish(self, end: Ended, *, wanted: Collection[Outcome] = (), **fields: Any) -> NoReturn:
        """Show the end, and exit with its code; 0 for an outcome that the command was asked for."""
        if self._options.as_json:
            outcome = None if self._options.dry_run else end.outcome.value
            shown = {"application": self._access.name, "dryRun": self._options.dry_run, "plan": self._plan}
            more = {"taken": self._taken, "outcome": outcome, "text": end.text, "evidence": self._evidence}
            print_json({**shown, **more, "notes": self._notes, **fields})
        elif self._options.dry_run and self._plan not in ([], [str(end)]):
            for number, step in enumerate(self._plan, start=1):
                typer.echo(f"  {number:>3}. {step}")
            typer.echo("nothing was changed: these are the steps if each of them succeeds")
        else:
            typer.echo(str(end))
        raise typer.Exit(0 if end.outcome in wanted else EXIT_CODES[end.outcome])

    @cached_property
    def _runner(self) -> PlanRunner:
        access = self._access
        interval = self._described_interval()
        operation = ApplicationOperation(
            client=access.client,
            name=access.name,
            clock=access.clock,
            open_dashboard=aws_access.open_dashboard,
            key_preflight=KeyPreflight(access.key_viewers, operator_arn=access.operator_arn),
        )
        return operation.runner(
            save_evidence=self._save_evidence,
            report=self._report,
            note=self.note,
            progress=self._progress.update,
            rules=self._options.rules_for(interval),
        )

    def _described_interval(self) -> float | None:
        return DescribedSettings.parse(self._access.describe()).checkpoint_interval_seconds

    def _report(self, step: str) -> None:
        if self._taken[-1:] == [step] and self._progress.title == step:
            return  # The same once more, such as another attempt to reach AWS.
        self._taken.append(step)
        self._progress.stage(step)

    def _save_evidence(self, reason: str) -> None:
        """Save the evidence; a failure to save it is told, and stops nothing."""
        access = self._access
        self._progress.update(f"collect evidence before it is gone: {reason}")
        collector = EvidenceCollector(
            access.client, access.name, logs=access.logs, clock=access.clock, timeout_seconds=_EVIDENCE_SECONDS
        )
        evidence = collector.collect()
        folder = self._options.evidence_folder / f"capture-{access.name}-{access.clock.now():%Y%m%dT%H%M%SZ}"
        try:
            write_evidence(evidence, folder)
        except (OSError, PenstockError) as error:
            self.note(f"the evidence could not be saved, the command goes on: {error}")
        else:
            self._evidence.append(str(folder))
            self.note(f"evidence is in {folder}")


@contextmanager
def open_plan_session(
    application: str,
    region: str | None,
    profile: str | None,
    operator_role: str | None,
    options: PlanOptions,
    *,
    beside: str | None = None,
) -> Iterator[tuple[ApplicationAccess, PlanSession]]:
    """Give the access to an application, and a session of its plans.

    With ``beside``, the session is that of another application, which the caller reaches without the operator role.
    """
    with explain_aws_errors():
        access = open_access(application, region, profile, operator_role)
        session = PlanSession(access if beside is None else access.beside(beside), options)
        try:
            yield access, session
        finally:
            session.stop()
