"""The two policies of an application's operator role: one for the application, one for its key.

They are two because the operator role exists before the key, and because the second is attached and detached when keys
change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.key_assignment import is_key_arn
from cdk_penstock.model.policies.documents import Effect, PolicyDocument, Statement
from cdk_penstock.model.policies.matching import action_matches, text_matches
from cdk_penstock.model.regions import via_service_names

if TYPE_CHECKING:
    from collections.abc import Sequence

OPERATOR_ACTIONS: Final = (
    "kinesisanalytics:AddApplicationCloudWatchLoggingOption",
    "kinesisanalytics:AddApplicationVpcConfiguration",
    "kinesisanalytics:CreateApplicationPresignedUrl",
    "kinesisanalytics:CreateApplicationSnapshot",
    "kinesisanalytics:DeleteApplicationCloudWatchLoggingOption",
    "kinesisanalytics:DeleteApplicationSnapshot",
    "kinesisanalytics:DeleteApplicationVpcConfiguration",
    "kinesisanalytics:DescribeApplication",
    "kinesisanalytics:DescribeApplicationOperation",
    "kinesisanalytics:DescribeApplicationSnapshot",
    "kinesisanalytics:DescribeApplicationVersion",
    "kinesisanalytics:ListApplicationOperations",
    "kinesisanalytics:ListApplicationSnapshots",
    "kinesisanalytics:ListApplicationVersions",
    "kinesisanalytics:ListTagsForResource",
    "kinesisanalytics:RollbackApplication",
    "kinesisanalytics:StartApplication",
    "kinesisanalytics:StopApplication",
    "kinesisanalytics:TagResource",
    "kinesisanalytics:UntagResource",
    "kinesisanalytics:UpdateApplication",
    "kinesisanalytics:UpdateApplicationMaintenanceConfiguration",
)
"""Actions on an existing Flink application, each with the application's ARN as its resource.

Left out are CreateApplication, ListApplications and DiscoverInputSchema, which can only be allowed on every resource
(service authorization reference, Kinesis Analytics V2); DeleteApplication, since CloudFormation creates and deletes the
application; and the inputs, outputs and reference data of SQL applications.
"""

_BASE_SOURCE: Final = "managed-flink, manage-cmk-api: operator's IAM policy"
_CONTEXT_KEY: Final = "kms:EncryptionContext:aws:kinesisanalytics:arn"
_KEY_SOURCE: Final = "managed-flink, manage-cmk-api: operator's IAM policy"


def operator_base_policy(*, application_arn: str, execution_role_arn: str) -> PolicyDocument:
    """Return the first of the operator role's two policies: all operations on this application, and nothing about keys.

    Parameters
    ----------
    application_arn
        The application; no other one is allowed.
    execution_role_arn
        The role of the job, which the operator role may pass to MSF and to no other service.
    """
    return PolicyDocument(
        statements=(
            Statement(
                sid="AllowMSFAPICalls",
                actions=OPERATOR_ACTIONS,
                resources=(application_arn,),
                source=_BASE_SOURCE,
            ),
            Statement(
                sid="AllowPassingServiceExecutionRole",
                actions=("iam:PassRole",),
                resources=(execution_role_arn,),
                conditions={"StringEquals": {"iam:PassedToService": ("kinesisanalytics.amazonaws.com",)}},
                source=_BASE_SOURCE,
            ),
        )
    )


def operator_key_policy(*, application_arn: str, key_arns: Sequence[str], region: str) -> PolicyDocument:
    """Return the second of the operator role's two policies: to use these keys through MSF, for this application only.

    It may look at the state and the policy of the keys without MSF.

    Parameters
    ----------
    application_arn
        The application.
    key_arns
        Its key, or both keys while one replaces the other.
    region
        The Region of application and keys.

    Raises PenstockError without a key.
    """
    if not key_arns:
        raise PenstockError("the operator role's policy needs the ARN of at least one key, got none: attach no policy")
    keys = tuple(key_arns)
    via = {"kms:ViaService": via_service_names("kinesisanalytics", region)}
    for_application = via | {_CONTEXT_KEY: (application_arn,)}
    return PolicyDocument(
        statements=(
            # Not AWS's: for checks before an operation, where the key's policy leaves the decision to IAM.
            Statement(
                sid="AllowLookAtKey",
                actions=("kms:DescribeKey", "kms:GetKeyPolicy"),
                resources=keys,
                source="kms, DescribeKey and GetKeyPolicy: no cryptographic use of the key",
            ),
            Statement(
                sid="AllowDescribeKey",
                actions=("kms:DescribeKey",),
                resources=keys,
                conditions={"StringEquals": via},
                source=_KEY_SOURCE,
            ),
            Statement(
                sid="AllowKeyOperationsForDurableState",
                actions=("kms:Decrypt", "kms:GenerateDataKey"),
                resources=keys,
                conditions={"StringEquals": for_application},
                source=_KEY_SOURCE,
            ),
            Statement(
                sid="AllowKeyOperationsForRunningState",
                actions=("kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"),
                resources=keys,
                conditions={"StringEquals": for_application},
                source=_KEY_SOURCE,
            ),
            Statement(
                sid="AllowCreateGrantForRunningState",
                actions=("kms:CreateGrant",),
                resources=keys,
                conditions={
                    "ForAllValues:StringEquals": {"kms:GrantOperations": ("Decrypt",)},
                    "StringEquals": for_application | {"kms:GrantConstraintType": ("EncryptionContextSubset",)},
                },
                source=_KEY_SOURCE,
            ),
        )
    )


def keys_allowed(document: PolicyDocument, *, application_arn: str) -> frozenset[str]:
    """Return the ARNs of the keys with which a policy lets its role handle the application's state.

    Only keys that the policy names count, not those that a wildcard or an alias covers. Denials by other policies and
    by the key's policy are not considered.

    Parameters
    ----------
    document
        A policy of the operator role, of any origin.
    application_arn
        The application; a statement for another application's state allows nothing.
    """
    return frozenset(
        resource
        for statement in document.statements
        if statement.effect is Effect.ALLOW
        and any(action_matches(pattern, "kms:Decrypt") for pattern in statement.actions)
        and _is_for(statement, application_arn)
        for resource in statement.resources
        if is_key_arn(resource)
    )


def _is_for(statement: Statement, application_arn: str) -> bool:
    named = [keys[_CONTEXT_KEY] for keys in statement.conditions.values() if _CONTEXT_KEY in keys]
    return all(any(text_matches(pattern, application_arn) for pattern in patterns) for patterns in named)
