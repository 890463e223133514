"""KMS behind its protocol: the operations on keys and aliases, by their names in its API.

Operations that encrypt or decrypt are not modelled: the world decides who may call them, and has no key material.
Source: KMS, API reference, and "Key states of AWS KMS keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.world.kms.alias_operations import AliasOperations
from cdk_penstock.rehearsal.world.kms.key_operations import KeyOperations
from cdk_penstock.rehearsal.world.kms.rotation_operations import RotationOperations
from cdk_penstock.rehearsal.world.service_answers import NotModelledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor
    from cdk_penstock.rehearsal.world.kms.kms_operations import Answer, KmsOperation, Parameters
    from cdk_penstock.rehearsal.world.kms.stored_keys import StoredKeys
    from cdk_penstock.rehearsal.world.service_answers import CallScope


class KmsService:
    """KMS of the world.

    Parameters
    ----------
    keys
        Its keys.
    """

    def __init__(self, keys: StoredKeys) -> None:
        self.keys = keys
        self._operations: Final[Mapping[str, KmsOperation]] = {
            **AliasOperations(keys).operations(),
            **KeyOperations(keys).operations(),
            **RotationOperations(keys).operations(),
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
