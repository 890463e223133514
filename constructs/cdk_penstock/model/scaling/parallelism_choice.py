"""The parallelism that a deployment gives an application: the template's number, or what scaling has made of it.

A template's number holds when the application is created. Afterwards the application keeps the parallelism that it
has, whoever set it, until the number in the template changes: that is how a person says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.sizing import Sizing, SizingError

if TYPE_CHECKING:
    from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

UNKNOWN: Final = 0
"""A maximum parallelism that the template does not say."""


@dataclass(frozen=True, kw_only=True)
class TemplateParallelism:
    """The numbers of a template.

    Parameters
    ----------
    parallelism, parallelism_per_kpu
        What the application is created with.
    max_kpus
        The most KPUs that run tasks.
    max_parallelism
        The maximum parallelism that the job sets, UNKNOWN if the template does not say it.
    """

    parallelism: int
    parallelism_per_kpu: int
    max_kpus: int
    max_parallelism: int = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class ParallelismChoice:
    """The parallelism to deploy, and why."""

    parallelism: int
    parallelism_per_kpu: int
    reason: str


def choose_parallelism(
    template: TemplateParallelism, *, before: TemplateParallelism | None, present: ParallelismSettings | None
) -> ParallelismChoice:
    """Return the parallelism to deploy.

    Parameters
    ----------
    template
        The numbers of this deployment's template.
    before
        Those of the deployment before; None in the first deployment that asks.
    present
        The application as it is; None if there is none.

    Raises SizingError where the present parallelism cannot be kept within the template's limits.
    """
    if present is None or before is None:
        return ParallelismChoice(
            parallelism=template.parallelism,
            parallelism_per_kpu=template.parallelism_per_kpu,
            reason="no application yet" if present is None else "the first deployment that keeps the parallelism",
        )
    keeps = template.parallelism == before.parallelism
    keeps_per_kpu = template.parallelism_per_kpu == before.parallelism_per_kpu
    parallelism = present.parallelism if keeps else template.parallelism
    per_kpu = present.parallelism_per_kpu if keeps_per_kpu else template.parallelism_per_kpu
    _check(parallelism, per_kpu, template)
    was = f"the template's number is still {template.parallelism}, so what the application has is kept"
    now = f"the template's number has changed from {before.parallelism} to {template.parallelism}"
    return ParallelismChoice(parallelism=parallelism, parallelism_per_kpu=per_kpu, reason=was if keeps else now)


def restore_parallelism(earlier: ParallelismSettings) -> ParallelismChoice:
    """Return the parallelism of the application before a deployment that CloudFormation rolls back."""
    return ParallelismChoice(
        parallelism=earlier.parallelism,
        parallelism_per_kpu=earlier.parallelism_per_kpu,
        reason="CloudFormation rolls back, so the application gets what it had before",
    )


def _check(parallelism: int, per_kpu: int, template: TemplateParallelism) -> None:
    fix = (
        "; change the parallelism in the template to a number that fits, which then holds, or scale the application"
        " before the deployment"
    )
    try:
        Sizing(parallelism=parallelism, parallelism_per_kpu=per_kpu, max_kpus=template.max_kpus)
    except SizingError as error:
        raise SizingError(f"the parallelism that the deployment would keep is not possible: {error}{fix}") from error
    if template.max_parallelism != UNKNOWN and parallelism > template.max_parallelism:
        raise SizingError(
            f"the parallelism that the deployment would keep is {parallelism}, expected at most the job's maximum"
            f" parallelism {template.max_parallelism}{fix}"
        )
