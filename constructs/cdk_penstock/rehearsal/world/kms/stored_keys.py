"""The keys and aliases of the accounts."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.policy_source import ResolvedKey
from cdk_penstock.model.regions import partition_of
from cdk_penstock.rehearsal.world.kms.key_policy_checks import check_no_lock_out, check_principals, parsed_key_policy
from cdk_penstock.rehearsal.world.service_answers import CallScope, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cdk_penstock.rehearsal.world.authority import Authority
    from cdk_penstock.rehearsal.world.iam_roles import Iam
    from cdk_penstock.rehearsal.world.kms.key_record import Key

ALIAS: Final = "alias/"
NOT_FOUND: Final = "NotFoundException"
_IDS: Final = uuid.UUID("6f1f6d1e-0d0a-5b7e-9d43-0f1f4ad1f0a5")


def kms_arn(scope: CallScope, name: str) -> str:
    """Return the ARN of a key, ``key/ID``, or of an alias, ``alias/NAME``."""
    return f"arn:{partition_of(scope.region)}:kms:{scope.region}:{scope.account}:{name}"


class StoredKeys:
    """The keys of all accounts and Regions, whose policies the authority has.

    Parameters
    ----------
    authority
        Has the policies by which calls on keys are decided.
    iam
        The principals that exist.
    clock
        Returns the time.

    Attributes
    ----------
    aliases
        The ARN of the key of each alias, by the ARN of the alias.
    """

    def __init__(self, authority: Authority, iam: Iam, clock: Callable[[], datetime]) -> None:
        self._authority = authority
        self._iam = iam
        self.clock = clock
        self._keys: dict[str, Key] = {}
        self._created = 0
        self._policy_names: dict[str, str] = {}
        self.aliases: dict[str, str] = {}

    def new_arn(self, scope: CallScope, *, is_multi_region: bool = False) -> str:
        """Return the ARN of the next key: the same one in each rehearsal of an assembly."""
        self._created += 1
        key_id = uuid.uuid5(_IDS, f"{scope.account}/{scope.region}/{self._created}")
        return kms_arn(scope, f"key/mrk-{key_id.hex}" if is_multi_region else f"key/{key_id}")

    def add(self, key: Key, caller_arn: str, *, bypass: bool = False) -> None:
        """Add a key with its policy; raise ServiceRefusedError if KMS refuses the policy."""
        self.put_policy(key, key.policy_text, caller_arn, bypass=bypass)
        self._keys[key.arn] = key

    def put_policy(self, key: Key, text: str, caller_arn: str, *, bypass: bool = False) -> None:
        """Give a key a policy; raise ServiceRefusedError if it is not valid, or would lock its caller out.

        ``bypass`` leaves the check against a lock-out out, as ``BypassPolicyLockoutSafetyCheck`` does.
        """
        policy = parsed_key_policy(self._policy_names.get(key.arn, f"policy of key {key.arn.rpartition('/')[2]}"), text)
        check_principals(policy, self._iam)
        if not bypass:
            check_no_lock_out(policy, key.arn, caller_arn, self._iam)
        key.policy_text = text
        self._authority.resource_policies[key.arn] = policy

    def name_policy(self, key_arn: str, name: str) -> None:
        """Give the policy of a key its name in decisions: that of the template's resource."""
        self._policy_names[key_arn] = name
        key = self.find(key_arn)
        if key is not None:
            self._authority.resource_policies[key_arn] = parsed_key_policy(name, key.policy_text)

    def keys_of(self, scope: CallScope) -> Iterator[Key]:
        """Yield the keys of an account and Region, the oldest first."""
        beginning = kms_arn(scope, "key/")
        for arn in [each for each in self._keys if each.startswith(beginning)]:
            if (key := self.find(arn)) is not None:
                yield key

    def find(self, key_arn: str) -> Key | None:
        """Return the key of an ARN, None if there is none, or its waiting period is over."""
        key = self._keys.get(key_arn)
        if key is None:
            return None
        now = self.clock()
        if key.deletion_at is not None and key.deletion_at <= now:
            self._remove(key)
            return None
        key.catch_up(now)
        return key

    def _remove(self, key: Key) -> None:
        del self._keys[key.arn]
        self._authority.resource_policies.pop(key.arn, None)
        self.aliases = {alias: arn for alias, arn in self.aliases.items() if arn != key.arn}

    def arn_of(self, key_id: str, scope: CallScope) -> str:
        """Return the ARN that a key's id, ARN, alias or ARN of an alias stands for; the key may not exist."""
        if not key_id.startswith("arn:"):
            key_id = kms_arn(scope, key_id if key_id.startswith(ALIAS) else f"key/{key_id}")
        return self.aliases.get(key_id, key_id)

    def named(self, key_id: str, scope: CallScope, *, by_alias: bool = False) -> Key:
        """Return a key by its id or ARN, with ``by_alias`` also by an alias.

        Raises ServiceRefusedError if there is none.
        """
        is_alias = key_id.startswith(ALIAS) or f":{ALIAS}" in key_id
        if is_alias and not by_alias:
            raise ServiceRefusedError(NOT_FOUND, f"Invalid keyId {key_id}")
        key = self.find(self.arn_of(key_id, scope))
        if key is None:
            arn = self.arn_of(key_id, scope)
            raise ServiceRefusedError(
                NOT_FOUND, f"Alias {arn} is not found." if is_alias else f"Key '{arn}' does not exist"
            )
        return key

    def resolve(self, key_id: str, scope: CallScope) -> ResolvedKey | None:
        """Return a key with its state, None if the account has none of this name in the Region."""
        key = self.find(self.arn_of(key_id, scope))
        if key is None or not key.arn.startswith(kms_arn(scope, "key/")):
            return None
        return ResolvedKey(arn=key.arn, state=key.state)
