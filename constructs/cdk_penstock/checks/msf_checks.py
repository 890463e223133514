"""The rules as a plugin of the CDK's validation, so that every synthesis runs them."""

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
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.review.findings import Template, Templates
from cdk_penstock.review.rules import find_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import App

    from cdk_penstock.review.findings import Finding

__all__ = ("MsfChecks", "add_checks")

PLUGIN_NAME: Final = "penstock"


@jsii.implements(IPolicyValidationPlugin)
class MsfChecks:
    """Checks every template for what cdk-nag misses about applications on MSF.

    ``Validations.of(app).add_plugins(MsfChecks())`` adds it to any CDK app. A finding fails the synthesis unless it is
    acknowledged on the construct, or above it, with its reason:
    ``Validations.of(construct).acknowledge(Acknowledgment(id="penstock::MSF3", reason="..."))``.

    The rules: MSF1 checkpointing, MSF2 snapshots, MSF3 system rollback, MSF4 a supported runtime, MSF5 a log with
    retention, MSF6 private subnets, MSF7 a recorded reason for each wildcard resource in IAM, MSF8 a way in
    the VPC to all that the job may call, MSF9 no secret in a property group.
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
        return [f"MSF{number}" for number in range(1, 10)]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Run the rules over all templates of the app."""
        paths = [template.template_path for template in context.stack_templates]
        findings = find_all(Templates(tuple(Template.read(path) for path in paths)))
        return PolicyValidationPluginReport(
            success=all(each.is_warning for each in findings), violations=_violations(findings)
        )


def add_checks(app: App) -> None:
    """Add to an app what penstock's own app runs on every synthesis: cdk-nag's AwsSolutions pack and MsfChecks.

    The reasons of acknowledged findings go into the templates, where a reviewer reads them; call it when the app's
    Stages are there, since an Aspect does not reach from the app into them.
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


check_arguments(globals())
