"""AWS::KMS::Key and AWS::KMS::Alias.

Source: CloudFormation's own handlers, aws-cloudformation/aws-cloudformation-resource-providers-kms, for the calls and
their order, and for the reads whose denial they bear.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.engine.resources import Made, ResourceProvider
from cdk_penstock.rehearsal.policy_names import PolicyKind, policy_name
from cdk_penstock.rehearsal.providers.service_calls_of_stacks import CloudFormationKms, tag_map
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.world.kms.stored_keys import kms_arn
from cdk_penstock.rehearsal.world.service_answers import CallScope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted
    from cdk_penstock.rehearsal.world.world import World

_DEFAULT_PENDING_DAYS: Final = 30
_FIXED: Final = {
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "MultiRegion": False,
    "Origin": "AWS_KMS",
}
_READ_IF_ALLOWED: Final = ("GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags")


def _flag(wanted: Wanted, name: str, *, default: bool) -> bool:
    return str(wanted.properties.get(name, default)).lower() == "true"


def _policy(wanted: Wanted) -> str:
    policy = wanted.properties.get("KeyPolicy", "")
    return policy if isinstance(policy, str) else json.dumps(policy)


def _kms_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


class KeyProvider(ResourceProvider):
    """Carries out what CloudFormation does for a key.

    Parameters
    ----------
    world
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, wanted: Wanted) -> Made:
        """Create the key, then switch its rotation on and the key off if the template says so, and read it."""
        kms, tags = CloudFormationKms(self._world, wanted.place), tag_map(wanted.properties.get("Tags"))
        bypass = _flag(wanted, "BypassPolicyLockoutSafetyCheck", default=False)
        kms.require("CreateKey", "*", context={"kms:BypassPolicyLockoutSafetyCheck": str(bypass).lower()})
        if tags:
            # There is no key yet, so no key policy decides.
            any_key = kms_arn(CallScope(account=wanted.place.account, region=wanted.place.region), "key/*")
            kms.require("TagResource", any_key)
        policy = _policy(wanted)
        metadata = kms.call(
            "CreateKey",
            **({"Policy": policy} if policy else {}),
            **{name: _typed(wanted, name) for name in _FIXED if name in wanted.properties},
            Description=str(wanted.properties.get("Description", "")),
            BypassPolicyLockoutSafetyCheck=bypass,
            Tags=_kms_tags(tags),
        )["KeyMetadata"]
        arn = metadata["Arn"]
        self._world.kms.keys.name_policy(arn, policy_name(wanted.name, PolicyKind.KEY))
        if _flag(wanted, "EnableKeyRotation", default=False):
            self._set_rotation(kms, arn, wanted)
        if not _flag(wanted, "Enabled", default=True):
            _call_on(kms, "DisableKey", arn)
        self._read(kms, arn)
        return Made(physical_id=metadata["KeyId"], attributes={"Arn": arn, "KeyId": metadata["KeyId"]})

    def _set_rotation(self, kms: CloudFormationKms, arn: str, wanted: Wanted) -> None:
        if not _flag(wanted, "EnableKeyRotation", default=False):
            _call_on(kms, "DisableKeyRotation", arn)
            return
        days = wanted.properties.get("RotationPeriodInDays")
        _call_on(kms, "EnableKeyRotation", arn, **({"RotationPeriodInDays": int(days)} if days else {}))

    @staticmethod
    def _read(kms: CloudFormationKms, arn: str) -> None:
        _call_on(kms, "DescribeKey", arn)
        for operation in _READ_IF_ALLOWED:
            kms.may(operation, arn)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Update rotation, status, description, policy and tags, in this order, each only if it differs."""
        before, arn = existing.wanted, existing.made.attributes["Arn"]
        for name, default in _FIXED.items():
            if before.properties.get(name, default) != wanted.properties.get(name, default):
                raise ResourceFailedError(f"You cannot change the {name} property of an existing KMS key.")
        kms = CloudFormationKms(self._world, wanted.place)
        _call_on(kms, "DescribeKey", arn)
        self._update_status(kms, arn, before, wanted)
        described = str(wanted.properties.get("Description", ""))
        if described != str(before.properties.get("Description", "")):
            _call_on(kms, "UpdateKeyDescription", arn, Description=described)
        if _policy(before) != _policy(wanted):
            bypass = _flag(wanted, "BypassPolicyLockoutSafetyCheck", default=False)
            kms.require("PutKeyPolicy", arn, context={"kms:BypassPolicyLockoutSafetyCheck": str(bypass).lower()})
            kms.call("PutKeyPolicy", KeyId=arn, Policy=_policy(wanted), BypassPolicyLockoutSafetyCheck=bypass)
        self._update_tags(kms, arn, wanted)
        return existing.made

    def _update_status(self, kms: CloudFormationKms, arn: str, before: Wanted, wanted: Wanted) -> None:
        was_enabled, is_enabled = (_flag(each, "Enabled", default=True) for each in (before, wanted))
        names = ("EnableKeyRotation", "RotationPeriodInDays")
        rotation_changed = any(before.properties.get(name) != wanted.properties.get(name) for name in names)
        if rotation_changed and not was_enabled and not is_enabled:
            raise ResourceFailedError(
                "You cannot modify the EnableKeyRotation property when the Enabled property is false. Set Enabled to"
                " true to modify the EnableKeyRotation property."
            )
        # A key must be enabled while its rotation changes.
        if is_enabled and not was_enabled:
            _call_on(kms, "EnableKey", arn)
        if rotation_changed:
            self._set_rotation(kms, arn, wanted)
        if was_enabled and not is_enabled:
            _call_on(kms, "DisableKey", arn)

    def _update_tags(self, kms: CloudFormationKms, arn: str, wanted: Wanted) -> None:
        tags = tag_map(wanted.properties.get("Tags"))
        present = {each["TagKey"]: each["TagValue"] for each in _call_on(kms, "ListResourceTags", arn)["Tags"]}
        gone = [key for key, value in present.items() if tags.get(key) != value]
        new = {key: value for key, value in tags.items() if present.get(key) != value}
        # A denied change of tags fails no update.
        if gone and kms.may("UntagResource", arn):
            kms.call("UntagResource", KeyId=arn, TagKeys=gone)
        if new and kms.may("TagResource", arn):
            kms.call("TagResource", KeyId=arn, Tags=_kms_tags(new))

    def delete(self, existing: Existing) -> None:
        """Schedule the deletion, which does no harm to a key that is pending deletion or gone already."""
        arn = existing.made.attributes["Arn"]
        key = self._world.kms.keys.find(arn)
        kms = CloudFormationKms(self._world, existing.wanted.place)
        days = int(existing.wanted.properties.get("PendingWindowInDays", _DEFAULT_PENDING_DAYS))
        kms.require("ScheduleKeyDeletion", arn, context={"kms:ScheduleKeyDeletionPendingWindowInDays": str(days)})
        if key is None or key.deletion_at is not None:
            return
        kms.call("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=days)
        _call_on(kms, "DescribeKey", arn)


def _typed(wanted: Wanted, name: str) -> Any:
    return _flag(wanted, name, default=False) if isinstance(_FIXED[name], bool) else wanted.properties[name]


def _call_on(kms: CloudFormationKms, operation: str, arn: str, **parameters: Any) -> Mapping[str, Any]:
    kms.require(operation, arn)
    return kms.call(operation, KeyId=arn, **parameters)


class AliasProvider(ResourceProvider):
    """Carries out what CloudFormation does for an alias, which needs the permission on the alias and on its key.

    Parameters
    ----------
    world
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, wanted: Wanted) -> Made:
        """Create the alias."""
        self._call("CreateAlias", wanted)
        return Made(physical_id=wanted.properties["AliasName"])

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Let the alias name another key."""
        self._call("UpdateAlias", wanted, str(existing.wanted.properties["TargetKeyId"]))
        return existing.made

    def delete(self, existing: Existing) -> None:
        """Delete the alias."""
        self._call("DeleteAlias", existing.wanted)

    def _call(self, operation: str, wanted: Wanted, *further_keys: str) -> None:
        kms, name = CloudFormationKms(self._world, wanted.place), str(wanted.properties["AliasName"])
        target = str(wanted.properties["TargetKeyId"])
        scope = CallScope(account=wanted.place.account, region=wanted.place.region)
        keys = dict.fromkeys(kms.key_arn(each) for each in (*further_keys, target))
        kms.require(operation, kms_arn(scope, name), *keys)
        kms.call(operation, AliasName=name, **({} if operation == "DeleteAlias" else {"TargetKeyId": target}))


PROVIDERS: Final[Mapping[str, Callable[[World], ResourceProvider]]] = {
    "AWS::KMS::Alias": AliasProvider,
    "AWS::KMS::Key": KeyProvider,
}
"""The providers of this module, by their types."""
