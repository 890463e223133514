"""The policy of an application's key, for its administrators, the application's operators, and MSF.

Sources: managed-flink manage-cmk-api ("Create a KMS key policy") and key-management-flink. No statement delegates to
the account, so that no IAM policy can open the key to anybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.key_administration import administrator_statements, cloudformation_statements
from cdk_penstock.model.policies.principals import named_together
from cdk_penstock.model.regions import via_service_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.policies.documents import Values
    from cdk_penstock.model.policies.principals import KeyPrincipal

    Conditions = Mapping[str, Mapping[str, Values]]

SERVICE_PRINCIPAL: Final = "kinesisanalytics.amazonaws.com"
"""MSF's control plane, which keeps durable state: checkpoints and snapshots."""

INFRASTRUCTURE_PRINCIPAL: Final = "infrastructure.kinesisanalytics.amazonaws.com"
"""MSF's data plane, which runs the application's KPUs, and keeps running state on their disks."""

DEVELOPMENT_POLICY_ID: Final = "key-policy-permissive-for-dev-only"

_SOURCE: Final = "managed-flink, manage-cmk-api: create a KMS key policy"
_CONTEXT: Final = "kms:EncryptionContext:aws:kinesisanalytics:arn"
_EVERY_RESOURCE: Final = ("*",)  # in a key policy, this key
_DECRYPT_ONLY: Final = {"ForAllValues:StringEquals": {"kms:GrantOperations": ("Decrypt",)}}


def application_key_policy(
    *,
    application_arn: str,
    account: str,
    region: str,
    operators: Sequence[KeyPrincipal],
    administrators: Sequence[KeyPrincipal],
    cloudformation_role: KeyPrincipal | None = None,
    has_alias: bool = False,
    is_retained: bool = True,
) -> PolicyDocument:
    """Return the key policy for one application: AWS's eight statements, and those to manage and to look at the key.

    Parameters
    ----------
    application_arn, account, region
        The application, and the account and Region of it and of its key.
    operators
        The principals that start, stop, update, snapshot and roll back the application. If CloudFormation's execution
        role updates the application, it must be listed too.
    administrators
        The principals that manage the key, without ever using it.
    cloudformation_role
        CloudFormation's execution role, if it creates the key. KMS refuses a policy that stops its caller from putting
        the next one, so the role gets the management actions of a stack's key, and no cryptographic one.
    has_alias
        True if the stack gives the key an alias.
    is_retained
        True if the key outlives the stack, so that CloudFormation never deletes it.

    Raises PenstockError without an administrator, since nobody could change the policy later on, and without an
    operator.
    """
    _refuse_nobody("administrator", administrators, "the key would be unmanageable")
    _refuse_nobody("operator", operators, "nobody could start the application")
    return PolicyDocument(
        id="penstock-application-key-policy",
        statements=(
            *administrator_statements(administrators),
            *(
                cloudformation_statements(cloudformation_role, has_alias=has_alias, is_retained=is_retained)
                if cloudformation_role
                else ()
            ),
            *_look_statements(operators),
            *documented_statements(
                application_arn=application_arn, account=account, region=region, operators=operators
            ),
        ),
    )


def documented_statements(
    *, application_arn: str, account: str, region: str, operators: Sequence[KeyPrincipal]
) -> tuple[Statement, ...]:
    """Return AWS's eight statements, with which the operators and MSF use a key for one application."""
    return (
        *_operator_statements(operators, application_arn=application_arn, region=region),
        *_service_statements(application_arn=application_arn, account=account),
    )


def development_key_policy(*, administrators: Sequence[KeyPrincipal]) -> PolicyDocument:
    """Return AWS's permissive policy for development: no condition limits MSF to one application.

    Never for sensitive data: every named principal can decrypt, and MSF can use the key for any application.

    Parameters
    ----------
    administrators
        The principals that may do anything with the key: the administrators, the operators and CloudFormation's
        execution role.
    """
    _refuse_nobody("administrator", administrators, "the key would be unmanageable")
    source = "managed-flink, manage-cmk-api: permissive key policy for demonstration and testing"
    return PolicyDocument(
        id=DEVELOPMENT_POLICY_ID,
        statements=(
            *(
                Statement(
                    sid=f"Allow any KMS action to Admin{group.suffix}",
                    principals=group.principals,
                    actions=("kms:*",),
                    resources=_EVERY_RESOURCE,
                    conditions=group.conditions,
                    source=source,
                )
                for group in named_together(administrators)
            ),
            Statement(
                sid="Allow any KMS action to Managed Flink",
                principals={"Service": (SERVICE_PRINCIPAL, INFRASTRUCTURE_PRINCIPAL)},
                actions=(
                    "kms:DescribeKey",
                    "kms:Decrypt",
                    "kms:GenerateDataKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:CreateGrant",
                ),
                resources=_EVERY_RESOURCE,
                source=source,
            ),
        ),
    )


def _refuse_nobody(who: str, given: Sequence[KeyPrincipal], consequence: str) -> None:
    if not given:
        raise PenstockError(
            f"a key policy needs at least one {who}, got none: {consequence}; name a role or a permission set"
        )


def _look_statements(operators: Sequence[KeyPrincipal]) -> tuple[Statement, ...]:
    """Return the statements, not AWS's, with which the operators check a key before an operation, without MSF."""
    return tuple(
        Statement(
            sid=f"AllowOperatorToLookAtKey{group.suffix}",
            principals=group.principals,
            actions=("kms:DescribeKey", "kms:GetKeyPolicy"),
            resources=_EVERY_RESOURCE,
            conditions=group.conditions,
            source="kms, DescribeKey and GetKeyPolicy: no cryptographic use of the key",
        )
        for group in named_together(operators)
    )


def _operator_statements(
    operators: Sequence[KeyPrincipal], *, application_arn: str, region: str
) -> tuple[Statement, ...]:
    via: dict[str, Values] = {"kms:ViaService": via_service_names("kinesisanalytics", region)}
    for_application = {_CONTEXT: (application_arn,)} | via
    grant = for_application | {"kms:GrantConstraintType": ("EncryptionContextSubset",)}
    rules: tuple[tuple[str, Values, Conditions], ...] = (
        ("AllowOperatorToDescribeKey", ("kms:DescribeKey",), {"StringEquals": via}),
        (
            "AllowOperatorToConfigureAppToUseKeyForApplicationState",
            ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
            {"StringEquals": for_application},
        ),
        (
            "AllowOperatorToConfigureAppToCreateGrantForRunningState",
            ("kms:CreateGrant",),
            {"StringEquals": grant, **_DECRYPT_ONLY},
        ),
    )
    return tuple(
        Statement(
            sid=sid + group.suffix,
            principals=group.principals,
            actions=actions,
            resources=_EVERY_RESOURCE,
            conditions={**conditions, **group.conditions},
            source=_SOURCE,
        )
        for group in named_together(operators)
        for sid, actions, conditions in rules
    )


def _service_statements(*, application_arn: str, account: str) -> tuple[Statement, ...]:
    both = (SERVICE_PRINCIPAL, INFRASTRUCTURE_PRINCIPAL)
    # MSF names the application and its account as the source of a call only where it describes the key and writes
    # durable state, so these conditions on the other statements would lock it out.
    source: dict[str, Values] = {"aws:SourceArn": (application_arn,), "aws:SourceAccount": (account,)}
    context: dict[str, Values] = {_CONTEXT: (application_arn,)}
    grant = context | {"kms:GrantConstraintType": ("EncryptionContextSubset",)}
    rules: tuple[tuple[str, Values, Values, Conditions], ...] = (
        ("AllowMSFServiceToDescribeKey", both, ("kms:DescribeKey",), {"StringEquals": source}),
        (
            "AllowMSFServiceToGenerateDataKeyForDurableState",
            (SERVICE_PRINCIPAL,),
            ("kms:GenerateDataKey",),
            {"StringEquals": source | context},
        ),
        (
            "AllowMSFServiceToDecryptForDurableState",
            (SERVICE_PRINCIPAL,),
            ("kms:Decrypt",),
            {"StringEquals": context},
        ),
        (
            "AllowMSFServiceToUseKeyForRunningState",
            (INFRASTRUCTURE_PRINCIPAL,),
            ("kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"),
            {"StringEquals": context},
        ),
        (
            "AllowMSFServiceToCreateGrantForRunningState",
            (INFRASTRUCTURE_PRINCIPAL,),
            ("kms:CreateGrant",),
            {"StringEquals": grant, **_DECRYPT_ONLY},
        ),
    )
    return tuple(
        Statement(
            sid=sid,
            principals={"Service": principals},
            actions=actions,
            resources=_EVERY_RESOURCE,
            conditions=conditions,
            source=_SOURCE,
        )
        for sid, principals, actions, conditions in rules
    )
