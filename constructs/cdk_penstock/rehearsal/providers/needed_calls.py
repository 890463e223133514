"""The calls of CloudFormation's handlers without which an operation fails, and those that it may need.

A schema names every call that some property leads to. Needed for sure are: the call after which an operation is named,
such as CreateRole; iam:PassRole for the role that a new resource runs with; and the calls that a property of the
template leads to in a way that is documented. The calls of an update depend on what has changed, so a call is needed
only if its handler has no other one that changes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.execution.platform_calls import is_custom

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_VERBS: Final = {
    "create": ("Create", "Put", "Add", "Register", "Set", "Authorize", "Associate", "Subscribe"),
    "update": ("Update", "Create", "Put", "Register", "Set"),
    "delete": ("Delete", "Remove", "Deregister", "Revoke", "Disassociate", "Unsubscribe", "Schedule", "Set"),
}
_NOUNS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::CloudWatch::Alarm": ("MetricAlarm",),
    "AWS::CloudWatch::CompositeAlarm": ("Alarms",),
    "AWS::EC2::SubnetRouteTableAssociation": ("RouteTable",),
    "AWS::IAM::ManagedPolicy": ("Policy",),
    "AWS::IAM::Policy": ("RolePolicy",),
    "AWS::KMS::Key": ("KeyDeletion",),
    "AWS::MSK::ServerlessCluster": ("ClusterV2", "Cluster"),
    "AWS::SNS::Subscription": ("",),
    "AWS::SNS::TopicPolicy": ("TopicAttributes",),
    "AWS::SQS::QueuePolicy": ("QueueAttributes",),
}
"""Nouns in the calls of a type, where they are not the last part of its name."""
_WITH_PROPERTY: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::Events::Rule", "events:PutTargets"): "Targets",
    ("AWS::IAM::ManagedPolicy", "iam:AttachRolePolicy"): "Roles",
    ("AWS::IAM::Role", "iam:AttachRolePolicy"): "ManagedPolicyArns",
    ("AWS::IAM::Role", "iam:PutRolePolicy"): "Policies",
    ("AWS::Lambda::Function", "s3:GetObject"): "Code.S3Bucket",
    ("AWS::Logs::LogGroup", "logs:PutRetentionPolicy"): "RetentionInDays",
}
_CHANGES_NOTHING: Final = ("Describe", "Get", "List", "Tag", "Untag", "CreateTags", "DeleteTags")


def is_needed(
    resource_type: str, operation: str, action: str, actions: Collection[str], properties: Mapping[str, Any]
) -> bool:
    """Return True if an operation on a resource fails without a call.

    Parameters
    ----------
    resource_type, properties
        The resource.
    operation
        ``create``, ``update`` or ``delete``.
    action, actions
        The call, and all calls of the handler.
    """
    if is_custom(resource_type):
        return True
    if operation == "create" and (action == "iam:PassRole" or _leads_to(resource_type, action, properties)):
        return True
    if not _is_named_after(resource_type, operation, action):
        return False
    changing = [each for each in actions if not each.partition(":")[2].startswith(_CHANGES_NOTHING)]
    return operation != "update" or changing == [action]


def _is_named_after(resource_type: str, operation: str, action: str) -> bool:
    name = action.partition(":")[2]
    last = resource_type.rpartition("::")[2]
    nouns = {noun.lower() for noun in (last, f"{last}s", *_NOUNS.get(resource_type, ()))}
    return any(name.startswith(verb) and name.removeprefix(verb).lower() in nouns for verb in _VERBS.get(operation, ()))


def _leads_to(resource_type: str, action: str, properties: Mapping[str, Any]) -> bool:
    path = _WITH_PROPERTY.get((resource_type, action))
    if path is None:
        return False
    value: Any = properties
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return bool(value)
