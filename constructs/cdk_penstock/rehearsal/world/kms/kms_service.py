"""KMS behind its protocol: the operations on keys and aliases, by their names in its API.

Operations that encrypt or decrypt are not modelled: the world decides who may call them, and has no key material.
Source: KMS, API reference, and "Key states of AWS KMS keys".
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.regions import partition_of
from cdk_penstock.rehearsal.world.kms.key_record import DEFAULT_PERIOD_DAYS, Key
from cdk_penstock.rehearsal.world.kms.stored_keys import ALIAS, NOT_FOUND, StoredKeys, kms_arn
from cdk_penstock.rehearsal.world.service_answers import NotModelledError, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.service_answers import CallScope

    Parameters = Mapping[str, Any]
    Answer = Mapping[str, Any]

_DEFAULT_PENDING_DAYS: Final = 30
_PENDING_DAYS: Final = range(7, 31)
_PERIOD_DAYS: Final = range(90, 2_561)
_MOST_TAGS: Final = 50
_PAGE: Final = 100


def _invalid(message: str) -> ServiceRefusedError:
    return ServiceRefusedError("ValidationException", message)


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


class KmsService:
    """KMS of the world.

    Parameters
    ----------
    keys
        Its keys.
    """

    def __init__(self, keys: StoredKeys) -> None:
        self.keys = keys
        self._operations: Final[Mapping[str, Callable[[Parameters, Actor, CallScope], Answer]]] = {
            "CancelKeyDeletion": self._cancel_deletion,
            "CreateAlias": self._create_alias,
            "CreateKey": self._create_key,
            "DeleteAlias": self._delete_alias,
            "DescribeKey": self._describe_key,
            "DisableKey": self._disable_key,
            "DisableKeyRotation": self._disable_rotation,
            "EnableKey": self._enable_key,
            "EnableKeyRotation": self._enable_rotation,
            "GetKeyPolicy": self._get_policy,
            "GetKeyRotationStatus": self._rotation_status,
            "ListAliases": self._list_aliases,
            "ListKeyPolicies": self._list_policies,
            "ListKeyRotations": self._list_rotations,
            "ListKeys": self._list_keys,
            "ListResourceTags": self._list_tags,
            "PutKeyPolicy": self._put_policy,
            "RotateKeyOnDemand": self._rotate,
            "ScheduleKeyDeletion": self._schedule_deletion,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateAlias": self._update_alias,
            "UpdateKeyDescription": self._update_description,
        }

    def call(self, operation: str, parameters: Parameters, actor: Actor, scope: CallScope) -> Answer:
        """Carry out an operation, once it is allowed.

        Raises ServiceRefusedError for an error of KMS, and for an operation that is not modelled here.
        """
        carry_out = self._operations.get(operation)
        if carry_out is None:
            key_id = parameters.get("KeyId")
            if key_id:
                self.keys.named(str(key_id), scope, by_alias=True).check_enabled()
            raise NotModelledError(
                "UnsupportedOperationException",
                f"the rehearsal does not model kms:{operation}, only the decision on it: it has no key material",
            )
        return carry_out(parameters, actor, scope)

    def _key(self, parameters: Parameters, scope: CallScope) -> Key:
        return self.keys.named(str(parameters["KeyId"]), scope)

    # Keys

    def _create_key(self, given: Parameters, actor: Actor, scope: CallScope) -> Answer:
        spec = given.get("KeySpec") or given.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
        is_multi_region = bool(given.get("MultiRegion", False))
        key = Key(
            arn=self.keys.new_arn(scope, is_multi_region=is_multi_region),
            created_at=self.keys.clock(),
            policy_text=given.get("Policy") or default_key_policy(scope),
            description=given.get("Description", ""),
            spec=spec,
            usage=given.get("KeyUsage", "ENCRYPT_DECRYPT"),
            origin=given.get("Origin", "AWS_KMS"),
            is_multi_region=is_multi_region,
            tags=_tags(given.get("Tags", ())),
        )
        self.keys.add(key, actor.arn, bypass=bool(given.get("BypassPolicyLockoutSafetyCheck", False)))
        return {"KeyMetadata": key.metadata()}

    def _describe_key(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        return {"KeyMetadata": self.keys.named(str(given["KeyId"]), scope, by_alias=True).metadata()}

    def _list_keys(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        rows = [{"KeyId": each.id, "KeyArn": each.arn} for each in self.keys.keys_of(scope)]
        return _page("Keys", rows, given)

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
            raise _invalid(f"PendingWindowInDays must be from 7 to 30, got {days}")
        key.deletion_at, key.is_enabled = self.keys.clock() + timedelta(days=days), False
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

    # Policies

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
        self.keys.put_policy(key, given["Policy"], actor.arn, bypass=bypass)
        return {}

    # Rotation

    def _enable_rotation(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        key.check_enabled()
        days = given.get("RotationPeriodInDays", DEFAULT_PERIOD_DAYS)
        if days not in _PERIOD_DAYS:
            raise _invalid(f"RotationPeriodInDays must be from 90 to 2560, got {days}")
        key.rotates_since, key.period_days = self.keys.clock(), days
        return {}

    def _disable_rotation(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        key.check_enabled()
        key.rotates_since = None
        return {}

    def _rotation_status(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        # A key that is pending deletion does not rotate, whatever is set.
        due = None if key.deletion_at is not None else key.next_automatic_rotation()
        status: dict[str, Any] = {"KeyId": key.id, "KeyRotationEnabled": due is not None}
        if due is not None:
            status |= {"RotationPeriodInDays": key.period_days, "NextRotationDate": due}
        begun = key.rotation_begun_at(self.keys.clock())
        return status | ({} if begun is None else {"OnDemandRotationStartDate": begun})

    def _rotate(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        key.check_enabled()
        key.rotate_on_demand(self.keys.clock())
        return {"KeyId": key.id}

    def _list_rotations(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        if given.get("IncludeKeyMaterial", "ROTATIONS_ONLY") != "ROTATIONS_ONLY":
            raise NotModelledError(
                "UnsupportedOperationException", "the rehearsal has no key material: expected ROTATIONS_ONLY"
            )
        key = self._key(given, scope)
        key.check_rotates()
        rows = [
            {"KeyId": key.id, "RotationDate": each.at, "RotationType": each.kind}
            for each in key.completed_rotations(self.keys.clock())
        ]
        return _page("Rotations", rows, given)

    # Tags

    def _list_tags(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        return _page("Tags", [{"TagKey": name, "TagValue": value} for name, value in key.tags.items()], given)

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

    # Aliases

    def _create_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        if arn in self.keys.aliases:
            raise ServiceRefusedError("AlreadyExistsException", f"An alias with the name {arn} already exists")
        key = self.keys.named(given["TargetKeyId"], scope)
        key.check_not_pending()
        self.keys.aliases[arn] = key.arn
        return {}

    def _update_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        present, key = self._aliased(arn), self.keys.named(given["TargetKeyId"], scope)
        key.check_not_pending()
        if present is not None and (present.spec, present.usage) != (key.spec, key.usage):
            raise _invalid(f"Alias {arn} must stay with a key of the same type and usage")
        self.keys.aliases[arn] = key.arn
        return {}

    def _delete_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        self._aliased(arn)
        del self.keys.aliases[arn]
        return {}

    def _aliased(self, arn: str) -> Key | None:
        if arn not in self.keys.aliases:
            raise ServiceRefusedError(NOT_FOUND, f"Alias {arn} is not found.")
        return self.keys.find(self.keys.aliases[arn])

    def _list_aliases(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        wanted = self._key(given, scope).arn if given.get("KeyId") else ""
        beginning = kms_arn(scope, ALIAS)
        rows = [
            {"AliasName": arn.split(":", 5)[5], "AliasArn": arn, "TargetKeyId": key_arn.rpartition("/")[2]}
            for arn, key_arn in sorted(self.keys.aliases.items())
            if arn.startswith(beginning) and wanted in {"", key_arn}
        ]
        return _page("Aliases", rows, given)


def _check_policy_name(given: Parameters) -> None:
    name = given.get("PolicyName", "default")
    if name != "default":
        raise ServiceRefusedError(NOT_FOUND, f"No such policy exists: {name}")


def _alias_arn(given: Parameters, scope: CallScope) -> str:
    name = given["AliasName"]
    if not name.startswith(ALIAS) or name.startswith(f"{ALIAS}aws/") or name == ALIAS:
        raise ServiceRefusedError(
            "InvalidAliasNameException", f"{name} must begin with alias/, and not with alias/aws/"
        )
    return kms_arn(scope, name)


def _tags(given: Any) -> dict[str, str]:
    return _checked({each["TagKey"]: each["TagValue"] for each in given})


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if sum(not each.startswith("aws:") for each in tags) > _MOST_TAGS:
        raise ServiceRefusedError("LimitExceededException", f"A key has at most {_MOST_TAGS} tags.")
    return tags


def _page(name: str, rows: list[dict[str, Any]], given: Parameters) -> Answer:
    """Return a page of an answer, after the position in its marker."""
    text = given.get("Marker", "0")
    if not text.isdecimal():
        raise ServiceRefusedError("InvalidMarkerException", f"Marker {text} is not valid.")
    begin = int(text)
    end = begin + given.get("Limit", _PAGE)
    more = {"Truncated": True, "NextMarker": str(end)} if end < len(rows) else {"Truncated": False}
    return {name: rows[begin:end], **more}
