"""KMS's operations on the rotation of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.world.kms.key_record import DEFAULT_PERIOD_DAYS
from cdk_penstock.rehearsal.world.kms.kms_operations import OperationGroup, invalid, page
from cdk_penstock.rehearsal.world.service_answers import NotModelledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.kms.kms_operations import Answer, KmsOperation, Parameters
    from cdk_penstock.rehearsal.world.service_answers import CallScope

_PERIOD_DAYS: Final = range(90, 2_561)


class RotationOperations(OperationGroup):
    """Automatic rotation, and rotation on demand."""

    def operations(self) -> Mapping[str, KmsOperation]:
        """Return the operations of this group, by their names in the API."""
        return {
            "DisableKeyRotation": self._disable_rotation,
            "EnableKeyRotation": self._enable_rotation,
            "GetKeyRotationStatus": self._rotation_status,
            "ListKeyRotations": self._list_rotations,
            "RotateKeyOnDemand": self._rotate,
        }

    def _enable_rotation(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        key.check_enabled()
        days = given.get("RotationPeriodInDays", DEFAULT_PERIOD_DAYS)
        if days not in _PERIOD_DAYS:
            raise invalid(f"RotationPeriodInDays must be from 90 to 2560, got {days}")
        key.rotates_since, key.period_days = self._keys.clock(), days
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
        begun = key.rotation_begun_at(self._keys.clock())
        return status | ({} if begun is None else {"OnDemandRotationStartDate": begun})

    def _rotate(self, given: Parameters, _actor: Actor, scope: CallScope) -> Answer:
        key = self._key(given, scope)
        key.check_rotates()
        key.check_enabled()
        key.rotate_on_demand(self._keys.clock())
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
            for each in key.completed_rotations(self._keys.clock())
        ]
        return page("Rotations", rows, given)
