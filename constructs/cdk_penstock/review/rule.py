"""Rules for templates, and their findings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cdk_penstock.review.templates import APPLICATION, SHAPE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.review.templates import Resource, Templates


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One resource that violates a rule.

    Parameters
    ----------
    problem, fix
        The fault, and what to do about it.
    resource
        The resource.
    location
        The property, as a path in the template.
    subject
        The part of the finding's id in brackets, so that each subject is acknowledged alone. Default: no brackets.
    is_warning
        True if it may be intended; then it does not fail the synthesis. Default: it fails the synthesis.
    """

    problem: str
    fix: str
    resource: Resource
    location: str
    subject: str = ""
    is_warning: bool = False


@dataclass(frozen=True, kw_only=True)
class Finding(Violation):
    """A violation with the id by which it is acknowledged, as ``penstock::<rule>``."""

    rule: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule for templates.

    Parameters
    ----------
    id
        The id, such as MSF1.
    title
        What it finds, in the words of the guide's table.
    source
        The address of the AWS page that the rule follows.
    check
        The function that yields the violations in templates.
    subject
        The kind of subject that its findings have in brackets after the id. Default: they have none.
    """

    id: str
    title: str
    source: str
    check: Callable[[Templates], Iterator[Violation]]
    subject: str = ""

    @property
    def pattern(self) -> str:
        """The id as the guide's table shows it, such as ``MSF8[service]``."""
        return self._id_of(self.subject)

    def findings(self, templates: Templates) -> list[Finding]:
        """Return what the rule finds.

        If it cannot read a template, that is a finding too, so that no other rule's findings are lost.
        """
        try:
            return [self._finding(violation) for violation in self.check(templates)]
        except SHAPE_ERRORS as error:
            return [self._unchecked(resource, error) for resource in templates.resources(APPLICATION)]

    def _id_of(self, subject: str) -> str:
        return f"{self.id}[{subject}]" if subject else self.id

    def _finding(self, violation: Violation) -> Finding:
        values = {field.name: getattr(violation, field.name) for field in fields(violation)}
        return Finding(rule=self._id_of(violation.subject), **values)

    def _unchecked(self, resource: Resource, error: Exception) -> Finding:
        unchecked = Violation(
            problem=f"{self.id} could not be checked: the template has a form that it does not know ({error!r})",
            fix="check the properties by hand and acknowledge this, and report the template to penstock's maintainers",
            resource=resource,
            location="",
            subject="unchecked",
        )
        return self._finding(unchecked)
