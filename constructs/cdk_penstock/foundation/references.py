"""References from one stack to another.

By default the app's context key ``@aws-cdk/core:defaultCrossStackReferences`` decides whether the CDK writes them
strong (``Fn::ImportValue``) or weak (``Fn::GetStackOutput``). Where a stale value would do harm, penstock decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import CfnResource, Names, Reference, ReferenceStrength, Stack, Token, Tokenization
from constructs import Construct

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from constructs import IConstruct

REVISION_METADATA: Final = "penstock:revisionOf"
"""Prefix of the metadata keys that hold the revision of a producer in the template of its consumer."""


def keep_while_used(*constructs: IConstruct) -> None:
    """Make references to the resources of these constructs strong, whatever the app's default is.

    CloudFormation then refuses to replace or delete a resource that another stack refers to. With a weak reference it
    would do so, and the other stack would keep the old value.
    """
    for construct in constructs:
        for child in construct.node.find_all():
            if CfnResource.is_cfn_resource(child):
                cast("CfnResource", child).apply_cross_stack_reference_strength(ReferenceStrength.STRONG)


def follow_changes(resource: CfnResource) -> None:
    """Make references to a resource weak, whatever the app's default is: its values may change while they are used."""
    resource.apply_cross_stack_reference_strength(ReferenceStrength.WEAK)


def mark_revision(consumer: object, producer: IConstruct, revision: str) -> None:
    """Put the revision of a producer into the template of its consumer in another stack.

    CloudFormation and the CDK's command line do not update a stack with an unchanged template, even if the values
    behind its weak references have changed.
    """
    if not revision or not isinstance(consumer, Construct):
        return
    resource = consumer.node.default_child
    if isinstance(resource, CfnResource) and Stack.of(resource).node.path != Stack.of(producer).node.path:
        resource.add_metadata(f"{REVISION_METADATA}:{Names.node_unique_id(producer.node)}", revision)


def splittable(value: str, *, consumer: IConstruct | None = None) -> str:
    """Return the value in a form that ``Fn::Split`` accepts in every stack of the account.

    ``Fn::Split`` accepts ``Fn::ImportValue`` but not ``Fn::GetStackOutput`` (CloudFormation, Fn::Split), so references
    to the resources in the value become strong. Raises PenstockError if the consumer is in another account than such a
    resource: only ``Fn::GetStackOutput`` works across accounts.
    """
    for token in Tokenization.reverse_string(value).tokens:
        if not Reference.is_reference(token):
            continue
        target = cast("Reference", token).target
        # A pseudo parameter's target is its stack.
        resource = target if Stack.is_stack(target) else target.node.default_child or target
        if not CfnResource.is_cfn_resource(resource):
            continue
        cast("CfnResource", resource).apply_cross_stack_reference_strength(ReferenceStrength.STRONG)
        if consumer is not None and are_accounts_apart(resource, consumer):
            raise PenstockError(
                f"{target.node.path} is in another account than {consumer.node.path}, where its ARN has to be taken"
                " apart, and CloudFormation cannot do that across accounts: pass the ARN as text"
            )
    return value


def are_accounts_apart(one: IConstruct, other: IConstruct) -> bool:
    """Return True for two constructs that are known to be in different accounts."""
    accounts = Stack.of(one).account, Stack.of(other).account
    return accounts[0] != accounts[1] and not any(Token.is_unresolved(each) for each in accounts)
