"""The reason for which no play notices that a dependency is missing: the first rule of the list that has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.result.coverage import Verdict
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdk_penstock.rehearsal.result.coverage import CoverageRow


@dataclass(frozen=True, kw_only=True)
class MissingDependency:
    """A dependency that was taken out of a template, and that no play noticed.

    Parameters
    ----------
    resources
        The resources of the template.
    later, earlier
        Both logical ids.
    custom_resources
        The custom resources that do not wait for the earlier one without it; each was played.
    earlier_statements
        The coverage of the statements that the earlier one holds.
    """

    resources: Mapping[str, Any]
    later: str
    earlier: str
    custom_resources: Sequence[str]
    earlier_statements: Sequence[CoverageRow]

    def is_between(self, later_type: str, earlier_type: str) -> bool:
        """Return True if the types of both resources begin so."""
        types = (str(as_mapping(self.resources.get(each)).get("Type")) for each in (self.later, self.earlier))
        return all(found.startswith(wanted) for found, wanted in zip(types, (later_type, earlier_type), strict=True))


def reason_of(missing: MissingDependency) -> str:
    """Return the reason for which no play needs a dependency, empty if no rule has one."""
    return next((reason for rule in _RULES if (reason := rule(missing))), "")


def _policy_that_no_call_needs(missing: MissingDependency) -> str:
    rows = missing.earlier_statements
    if not rows or any(row.verdict is Verdict.NEEDED for row in rows):
        return ""
    repeated = sum(row.verdict is Verdict.REDUNDANT for row in rows)
    counts = f"{repeated} are repeated by other statements, {len(rows) - repeated} were not exercised"
    return f"no call needs a statement of this policy: {counts}"


def _function(missing: MissingDependency) -> str:
    if missing.custom_resources or not missing.is_between("AWS::Lambda::Function", "AWS::IAM::"):
        return ""
    return (
        "a function needs its permissions when it is called, and each custom resource that calls it waits for them too"
    )


def _application(missing: MissingDependency) -> str:
    if missing.custom_resources or not missing.is_between("AWS::KinesisAnalyticsV2::Application", "AWS::IAM::"):
        return ""
    return "CloudFormation creates the application, and each custom resource that operates it waits for this policy too"


def _between(later: str, earlier: str, reason: str) -> Callable[[MissingDependency], str]:
    return lambda missing: reason if missing.is_between(later, earlier) else ""


_RULES: Final[tuple[Callable[[MissingDependency], str], ...]] = (
    _policy_that_no_call_needs,
    _function,
    _application,
    _between("AWS::Scheduler::Schedule", "AWS::IAM::", "the schedule calls its function after the deployment"),
    _between("AWS::CloudWatch::Alarm", "", "an alarm calls nothing when it is created"),
    _between(
        "AWS::KMS::Key",
        "AWS::KinesisAnalyticsV2::",
        "a key needs the application that its policy names, and nothing of the application's log",
    ),
    _between("", "AWS::EC2::", "the network between the job and its source is not modelled"),
    _between("", "AWS::MSK::", "Kafka is not modelled: the job is not run"),
)
