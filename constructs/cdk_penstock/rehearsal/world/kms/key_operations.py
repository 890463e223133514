"""KMS's operations on keys, their policies and their tags."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.regions import partition_of
from cdk_penstock.rehearsal.world.kms.key_record import Key
from cdk_penstock.rehearsal.world.kms.kms_operations import OperationGroup, invalid, page
from cdk_penstock.rehearsal.world.kms.stored_keys import NOT_FOUND
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.kms.kms_operations import Answer, KmsOperation, Parameters
    from cdk_penstock.rehearsal.world.service_answers import CallScope

_DEFAULT_PENDING_DAYS: Final = 30
_PENDING_DAYS: Final = range(7, 31)
_MOST_TAGS: Final = 50


class KeyOperations(OperationGroup):
    """Keys, policies and tags."""

    def operations(self) -> Mapping[str, KmsOperation]:
        """Return the operations of this group, by their names in the API."""
        return {
            "CancelKeyDeletion": self._cancel_deletion,
            "CreateKey": self._create_key,
            "DescribeKey": self._describe_key,
            "DisableKey": self._disable_key,
            "EnableKey": self._enable_key,
            "GetKeyPolicy": self._get_policy,
            "ListKeyPolicies": self._list_policies,
            "ListKeys": self._list_keys,
            "ListResourceTags": self._list_tags,
            "PutKeyPolicy": self._put_policy,
            "ScheduleKeyDeletion": self._schedule_deletion,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateKeyDescription": self._update_description,
        }

    def _create_key(self, given: Parameters, actor: Actor, scope: CallScope) -> Answer:
        spec = given.get("KeySpec") or given.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
        is_multi_region = bool(given.get("MultiRegion", False))
        key = Key(
            arn=self._keys.new_arn(scope, is_multi_region=is_multi_region),
            created_at=self._keys.clock(),
            policy_text=given.get("Policy") or default_key_policy(scope),
            description=given.get("Description", ""),
            spec=spec,
            usage=given.get("KeyUsage", "ENCRYPT_DECRYPT"),
            origin=given.get("Origin", "AWS_KMS"),
            is_multi_region=is_multi_region,
            tags=_tags(given.get("Tags", ())),
        )
        self._keys.add(key, actor.arn, bypass=bool(given.get("BypassPolicyLockoutSafetyCheck", False)))
        return {"KeyMetadata": key.metadata()}

    def _describe_key(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        return {"KeyMetadata": self._keys.named(str(given["KeyId"]), scope, by_alias=True).metadata()}

    def _list_keys(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        rows = [{"KeyId": each.id, "KeyArn": each.arn} for each in self._keys.keys_of(scope)]
        return page("Keys", rows, given)

    def _update_description(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_not_pending()
        key.description = given["Description"]
        return {}

    def _enable_key(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        return self._set_enabled(given, scope, enabled=True)

    def _disable_key(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        return self._set_enabled(given, scope, enabled=False)

    def _set_enabled(self, given: Parameters, scope: CallScope, *, enabled: bool) -> Answer:
        key = self._key(given, scope)
        key.check_not_pending()
        key.is_enabled = enabled
        return {}

    def _schedule_deletion(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_not_pending()
        days = given.get("PendingWindowInDays", _DEFAULT_PENDING_DAYS)
        if days not in _PENDING_DAYS:
            raise invalid(f"PendingWindowInDays must be from 7 to 30, got {days}")
        key.deletion_at, key.is_enabled = self._keys.clock() + timedelta(days=days), False
        return {
            "KeyId": key.arn,
            "DeletionDate": key.deletion_at,
            "KeyState": key.state.value,
            "PendingWindowInDays": days,
        }

    def _cancel_deletion(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        if key.deletion_at is None:
            raise ServiceRefusedError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        key.deletion_at = None
        return {"KeyId": key.arn}

    def _get_policy(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        _check_policy_name(given)
        return {"Policy": self._key(given, scope).policy_text, "PolicyName": "default"}

    def _list_policies(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        self._key(given, scope)
        return {"PolicyNames": ["default"], "Truncated": False}

    def _put_policy(self, given: Parameters, actor: Actor, scope: CallScope) -> Answer:
        _check_policy_name(given)
        key = self._key(given, scope)
        bypass = bool(given.get("BypassPolicyLockoutSafetyCheck", False))
        self._keys.put_policy(key, given["Policy"], actor.arn, bypass=bypass)
        return {}

    def _list_tags(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        return page("Tags", [{"TagKey": name, "TagValue": value} for name, value in key.tags.items()], given)

    def _tag(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_not_pending()
        key.tags = _checked(key.tags | _tags(given["Tags"]))
        return {}

    def _untag(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_not_pending()
        gone = set(given["TagKeys"])
        key.tags = {name: value for name, value in key.tags.items() if name not in gone}
        return {}


def default_key_policy(scope: CallScope) -> str:
    """Return the policy that KMS gives a key that is created without one."""
    root = f"arn:{partition_of(scope.region)}:iam::{scope.account}:root"
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def _check_policy_name(given: Parameters) -> None:
    name = given.get("PolicyName", "default")
    if name != "default":
        raise ServiceRefusedError(NOT_FOUND, f"No such policy exists: {name}")


def _tags(given: Any) -> dict[str, str]:
    return _checked({each["TagKey"]: each["TagValue"] for each in given})


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if sum(not each.startswith("aws:") for each in tags) > _MOST_TAGS:
        raise ServiceRefusedError("LimitExceededException", f"A key has at most {_MOST_TAGS} tags.")
    return tags
