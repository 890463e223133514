"""Rules for the customer managed keys of applications."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.findings import KEY_DEMAND_METADATA
from cdk_penstock.model.policies.key_policy_findings import JudgedKey
from cdk_penstock.model.policies.key_policy_problems import KeyPolicyProblem
from cdk_penstock.review.applications_and_policies import flink_applications
from cdk_penstock.review.assembly import ANY_ACCOUNT, ANY_REGION, SynthesizedStack, read_assembly
from cdk_penstock.review.encryption.key_sequence import key_sequences_of
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.rule import Violation
from cdk_penstock.review.templates import SHAPE_ERRORS, as_mapping, is_intrinsic, is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.review.encryption.key_sequence import KeySequence
    from cdk_penstock.review.templates import Resource, Template, Templates

_ENCRYPTION: Final = "ApplicationConfiguration.ApplicationEncryptionConfiguration"
_KEY_TYPE: Final = f"{_ENCRYPTION}.KeyType"


def demanded_key_is_there(templates: Templates) -> Iterator[Violation]:
    """Yield applications on the AWS-owned key, in templates that demand a customer managed key."""
    encrypted = {application.key for application in _put_under_a_key(templates)}
    for application in flink_applications(templates):
        if not is_on(as_mapping(application.template.body.get("Metadata")).get(KEY_DEMAND_METADATA)):
            continue
        key_type = application.get(_KEY_TYPE)
        if application.key not in encrypted and key_type != "CUSTOMER_MANAGED_KEY" and not is_intrinsic(key_type):
            yield Violation(
                problem="the application is on the AWS-owned key, and its stack demands a customer managed key",
                fix="put it under one with CustomerManagedEncryption (docs/encryption.md)",
                resource=application,
                location=_KEY_TYPE,
            )


def key_policy_lets_msf_in(templates: Templates) -> Iterator[Violation]:
    """Yield keys of applications whose policy keeps MSF or the operator role out, or lets others use the key.

    Only keys whose policy is in the template can be judged.
    """
    for template in templates.all:
        if not any(template.resources(ApplicationKeyResource.resource_type)):
            continue
        for _, read in key_sequences_of(_stack_of(template)):
            try:
                violations = list(_violations(read()))
            except (PenstockError, *SHAPE_ERRORS):
                # What cannot be evaluated penstock review --encryption names, and it hides no other key.
                continue
            yield from violations


def _violations(sequence: KeySequence) -> Iterator[Violation]:
    key_id = sequence.ids.get("key", "")
    key = sequence.stack.template.resource(key_id)
    # The key in use comes first; one before it may be closed on purpose.
    for key_arn, policy in list(sequence.keys.items())[:1]:
        judged = JudgedKey(key_arn=key_arn, application_arn=sequence.application_arn, policy=policy.document)
        findings = [*judged.findings((sequence.operator.arn,), identity_policies=sequence.operator.policies)]
        if sequence.stack.cloudformation_role_arn is not None:
            # CloudFormation calls UpdateApplication with this role; its IAM policies are in no template.
            findings += judged.findings((Resolution(sequence.stack).text(sequence.stack.cloudformation_role_arn),))
        for finding in dict.fromkeys(findings):
            if key is not None and finding.problem is not KeyPolicyProblem.UNKNOWN:
                yield Violation(
                    problem=f"{finding.who} {finding.text}",
                    fix=finding.fix,
                    resource=key,
                    location="KeyPolicy",
                    is_warning=finding.problem is KeyPolicyProblem.TOO_WIDE,
                )


def _put_under_a_key(templates: Templates) -> Iterator[Resource]:
    """Yield the applications that a CustomerManagedEncryption puts under its key."""
    for update in templates.resources(ApplicationKeyResource.resource_type):
        name = update.get("ApplicationName")
        referred = templates.find(name, update.template)
        for application in flink_applications(templates):
            is_named = referred is None and application.get("ApplicationName") == name
            if is_named or (referred is not None and referred.key == application.key):
                yield application


def _stack_of(template: Template) -> SynthesizedStack:
    """Return the stack of a template as the manifest beside it describes it, or a stack of any account."""
    path = Path(template.path)
    if (path.parent / "manifest.json").is_file():
        for stack in read_assembly(path.parent):
            if stack.template.path == template.path:
                return replace(stack, template=template)
    return SynthesizedStack(
        stage="",
        name=template.stack_name or path.stem,
        account=ANY_ACCOUNT,
        region=ANY_REGION,
        template=template,
        cloudformation_role_arn=None,
    )
