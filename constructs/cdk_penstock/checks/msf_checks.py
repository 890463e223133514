"""The rules as a plug-in of the CDK's validation, which every synthesis runs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import jsii
from aws_cdk import (
    Aspects,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stage,
    Validations,
)
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

import cdk_penstock
from cdk_penstock.review.rules import RULES, find_all
from cdk_penstock.review.templates import Template, Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import App

    from cdk_penstock.review.rule import Finding

PLUGIN_NAME: Final = "penstock"


@jsii.implements(IPolicyValidationPlugin)
class MsfChecks:
    """Checks of every template for what cdk-nag misses about applications on MSF.

    ``Validations.of(app).add_plugins(MsfChecks())`` adds it to any CDK app. A finding fails the synthesis unless it is
    acknowledged on the construct, or above it, with its reason:
    ``Validations.of(construct).acknowledge(Acknowledgment(id="penstock::MSF3", reason="..."))``.

    The rules are in ``cdk_penstock.review.rules.RULES``, and in the table of ``docs/checks.md``.
    """

    @property
    def name(self) -> str:
        """The name in reports, and the namespace of acknowledgments."""
        return PLUGIN_NAME

    @property
    def version(self) -> str:
        """The version of the rules."""
        return cdk_penstock.__version__

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the rules."""
        return [rule.id for rule in RULES]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Run the rules over all templates of the app."""
        paths = [template.template_path for template in context.stack_templates]
        findings = find_all(Templates(tuple(Template.read(path) for path in paths)))
        return PolicyValidationPluginReport(
            success=all(each.is_warning for each in findings), violations=_violations(findings)
        )


def add_checks(app: App) -> None:
    """Add cdk-nag's AwsSolutions pack and MsfChecks to an app, as penstock's own app does.

    The reasons of acknowledged findings go into the templates, where a reviewer reads them. Call it after the app's
    Stages are added, because an Aspect of the app does not reach into them.
    """
    Validations.of(app).add_plugins(AwsSolutionsChecks(verbose=True), MsfChecks())
    for stage in _stages(app):
        Aspects.of(stage).add(WriteNagSuppressionsToCloudFormationAspect())


def _stages(stage: Stage) -> Iterator[Stage]:
    yield stage
    for child in stage.node.children:
        if isinstance(child, Stage):
            yield from _stages(child)


def _violations(findings: list[Finding]) -> list[PolicyViolation]:
    grouped: dict[tuple[str, str, str, bool], list[Finding]] = defaultdict(list)
    for finding in findings:
        grouped[finding.rule, finding.problem, finding.fix, finding.is_warning].append(finding)
    return [
        PolicyViolation(
            rule_name=rule,
            description=problem,
            fix=fix,
            severity="warning" if is_warning else "error",
            violating_resources=[
                PolicyViolatingResource(
                    resource_logical_id=finding.resource.logical_id,
                    template_path=finding.resource.template.path,
                    locations=[f"Properties/{finding.location.replace('.', '/')}"],
                )
                for finding in group
            ],
        )
        for (rule, problem, fix, is_warning), group in grouped.items()
    ]
