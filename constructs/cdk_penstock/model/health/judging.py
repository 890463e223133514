"""The verdict on a job from looks at it: healthy, failing, or not decided yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cdk_penstock.model.health.health_rules import HealthRules
    from cdk_penstock.model.health.job_sample import JobFailure, JobSample

_LEAST_LOOK_SECONDS: Final = 60.0


class Health(Enum):
    """The health of a job."""

    PENDING = "pending"
    HEALTHY = "healthy"
    FINISHED = "finished"
    """A batch job has come to its end."""
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The health of a job, and why."""

    health: Health
    reason: str

    @property
    def is_final(self) -> bool:
        """True if more looks would not change it."""
        return self.health is not Health.PENDING


def judge(samples: Sequence[JobSample], rules: HealthRules, *, since: datetime | None = None) -> Verdict:
    """Return the verdict on a job.

    Parameters
    ----------
    samples
        Looks at the job, the newest last; at least one.
    rules
        The evidence that is needed.
    since
        When the operation began that launched the job: all of its failures and checkpoints count then. None for a job
        that ran before: only what is newer than the first look counts.
    """
    last, failures = samples[-1], _failures(samples, since)
    if last.state == "FINISHED":
        return Verdict(health=Health.FINISHED, reason="the job has finished")
    if last.has_ended:
        return _failing(f"the job is {last.state}", failures)
    if len(failures) > rules.tolerated_failures:
        return _failing(f"the job failed {len(failures)} times and is restarted again and again", failures)
    waited = (last.at - (since or samples[0].at)).total_seconds()
    # What the first look finds may pass: a lost worker is being replaced.
    is_looked_at = (last.at - samples[0].at).total_seconds() >= _LEAST_LOOK_SECONDS
    stable = _stable(samples)
    if not stable:
        if is_looked_at and waited >= rules.initializing_seconds:
            return _failing(f"not every subtask runs after {waited:.0f} s: {last.describe()}", failures)
        return _pending(last.describe())
    checkpoints = last.completed_checkpoints - (samples[0].completed_checkpoints if since is None else 0)
    if rules.needs_checkpoint and checkpoints < 1 and is_looked_at and waited >= rules.checkpoint_seconds:
        return _failing(f"no checkpoint was completed within {waited:.0f} s", failures)
    return _judge_stable(stable, checkpoints, rules, failures)


def _judge_stable(
    stable: Sequence[JobSample], checkpoints: int, rules: HealthRules, failures: Sequence[JobFailure]
) -> Verdict:
    last = stable[-1]
    lasted = (last.at - stable[0].at).total_seconds()
    if len(stable) < rules.consecutive_samples or lasted < rules.stable_seconds:
        return _pending(f"every subtask has run for {lasted:.0f} s of {rules.stable_seconds:.0f} s")
    if rules.needs_checkpoint and checkpoints < 1:
        return _pending(f"every subtask has run for {lasted:.0f} s; waiting for a checkpoint")
    evidence = [f"all {last.subtasks} subtasks have run for {lasted:.0f} s"]
    if rules.needs_checkpoint:
        evidence.append(f"{checkpoints} checkpoint{'s' * (checkpoints > 1)} completed")
    if failures:
        evidence.append(f"after a failure ({failures[0].reason.splitlines()[0]})")
    return Verdict(health=Health.HEALTHY, reason=", ".join(evidence))


def _pending(reason: str) -> Verdict:
    return Verdict(health=Health.PENDING, reason=reason)


def _failing(what: str, failures: Sequence[JobFailure]) -> Verdict:
    cause = f": {' | '.join(failures[0].reason.splitlines())}" if failures else ""
    return Verdict(health=Health.FAILING, reason=f"{what}{cause}")


def _failures(samples: Sequence[JobSample], since: datetime | None) -> list[JobFailure]:
    """Return the failures of the operation, the newest first; Flink's clock is not compared with the caller's."""
    before = {each for each in samples[0].failures if since is None or each.at < since}
    found = {failure for each in samples for failure in each.failures} - before
    return sorted(found, key=lambda each: each.at, reverse=True)


def _stable(samples: Sequence[JobSample]) -> Sequence[JobSample]:
    """Return the newest looks in a row at which every subtask of one job ran, without a failure between them."""
    last, start = samples[-1], len(samples)
    for number in range(len(samples) - 1, -1, -1):
        each = samples[number]
        if not each.runs or each.job_id != last.job_id or set(last.failures) - set(each.failures):
            break
        start = number
    return samples[start:]
