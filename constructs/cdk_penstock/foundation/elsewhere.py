"""Checks and warnings for resources of other accounts and Regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Aws, Stack, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IConstruct

OTHER_ACCOUNT_WARNING: Final = "penstock:otherAccount"


def is_of_other_account(scope: Construct, account: str | None) -> bool:
    """Return True for another account than the scope's, False where one of them is known only at deployment."""
    return _differ(account, Stack.of(scope).account)


def is_of_other_region(scope: Construct, region: str | None) -> bool:
    """Return True for another Region than the scope's, False where one of them is known only at deployment."""
    return _differ(region, Stack.of(scope).region)


def warn_of_other_account(
    scope: IConstruct,
    grantee: iam.IGrantable,
    *,
    account: str | None,
    policy: str,
    actions: Sequence[str],
    resources: Sequence[str],
) -> None:
    """Warn if grantee and resource are of different accounts: the resource's account has to allow the access as well.

    Parameters
    ----------
    scope
        The imported construct, which gets the warning.
    grantee
        The identity that was granted the actions.
    account
        The account of the resource.
    policy
        The policy that the resource's account has to change, and how.
    actions, resources
        The content of the statement that it needs.
    """
    caller = grantee.grant_principal.principal_account or Stack.of(scope).account
    if not _differ(account, caller):
        return
    shown = ", ".join(shown_arn(scope, arn) for arn in resources)
    Annotations.of(scope).add_warning_v2(
        OTHER_ACCOUNT_WARNING,
        f"{scope.node.path} is of account {account}, and IAM in account {caller} alone does not open it: have {policy}"
        f" allow the grantee's role {', '.join(sorted(actions))} on {shown}",
    )


def shown_arn(scope: IConstruct, arn: str) -> str:
    """Return an ARN for a message, with the name of the partition in place of the CDK's token."""
    partition = Stack.of(scope).partition
    return arn.replace(Aws.PARTITION, "aws" if Token.is_unresolved(partition) else partition)


def require_key_region(
    scope: Construct, key: kms.IKey | None, error: type[Exception], *, region: str | None = None
) -> None:
    """Raise ``error`` for a key of another Region than the given one, by default the scope's."""
    needed = region or Stack.of(scope).region
    if key is not None and _differ(key.env.region, needed):
        raise error(
            f"the key of {scope.node.path} must be of its Region, {needed}, got one of {key.env.region}: no service"
            " encrypts with a key of another Region"
        )


def _differ(one: str | None, other: str) -> bool:
    return bool(one) and one != other and not Token.is_unresolved(one) and not Token.is_unresolved(other)
