"""KMS's operations on aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.rehearsal.world.kms.kms_operations import OperationGroup, invalid, page
from cdk_penstock.rehearsal.world.kms.stored_keys import ALIAS, NOT_FOUND, kms_arn
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.kms.key_record import Key
    from cdk_penstock.rehearsal.world.kms.kms_operations import Answer, KmsOperation, Parameters
    from cdk_penstock.rehearsal.world.service_answers import CallScope


class AliasOperations(OperationGroup):
    """Aliases."""

    def operations(self) -> Mapping[str, KmsOperation]:
        """Return the operations of this group, by their names in the API."""
        return {
            "CreateAlias": self._create_alias,
            "DeleteAlias": self._delete_alias,
            "ListAliases": self._list_aliases,
            "UpdateAlias": self._update_alias,
        }

    def _create_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        if arn in self._keys.aliases:
            raise ServiceRefusedError("AlreadyExistsException", f"An alias with the name {arn} already exists")
        key = self._keys.named(given["TargetKeyId"], scope)
        key.check_not_pending()
        self._keys.aliases[arn] = key.arn
        return {}

    def _update_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        present, key = self._aliased(arn), self._keys.named(given["TargetKeyId"], scope)
        key.check_not_pending()
        if present is not None and (present.spec, present.usage) != (key.spec, key.usage):
            raise invalid(f"Alias {arn} must stay with a key of the same type and usage")
        self._keys.aliases[arn] = key.arn
        return {}

    def _delete_alias(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        arn = _alias_arn(given, scope)
        self._aliased(arn)
        del self._keys.aliases[arn]
        return {}

    def _aliased(self, arn: str) -> Key | None:
        if arn not in self._keys.aliases:
            raise ServiceRefusedError(NOT_FOUND, f"Alias {arn} is not found.")
        return self._keys.find(self._keys.aliases[arn])

    def _list_aliases(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        wanted = self._key(given, scope).arn if given.get("KeyId") else ""
        beginning = kms_arn(scope, ALIAS)
        rows = [
            {"AliasName": arn.split(":", 5)[5], "AliasArn": arn, "TargetKeyId": key_arn.rpartition("/")[2]}
            for arn, key_arn in sorted(self._keys.aliases.items())
            if arn.startswith(beginning) and wanted in {"", key_arn}
        ]
        return page("Aliases", rows, given)


def _alias_arn(given: Parameters, scope: CallScope) -> str:
    name = given["AliasName"]
    if not name.startswith(ALIAS) or name.startswith(f"{ALIAS}aws/") or name == ALIAS:
        raise ServiceRefusedError(
            "InvalidAliasNameException", f"{name} must begin with alias/, and not with alias/aws/"
        )
    return kms_arn(scope, name)
