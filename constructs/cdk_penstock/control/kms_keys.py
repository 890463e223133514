"""Description of a key by KMS, and its rotation on demand, called as the key administrator.

End states. Reading changes nothing. A rotation that KMS has accepted completes by itself; the application uses the old
material until it is restarted.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ControlError, code_of
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.keys import KeyFacts
from cdk_penstock.model.policies.documents import PolicyDocument

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.control.clients import Clock, KmsClient

_TIMEOUT_SECONDS: Final = 15 * 60.0
_POLL_SECONDS: Final = 10.0
_NO_ROTATION: Final = ("UnsupportedOperationException", "KMSInvalidStateException")
_IN_PROGRESS: Final = "ConflictException"


class KmsKeys:
    """The keys of an account and Region."""

    def __init__(self, client: KmsClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def describe(self, key_id: str) -> KeyFacts:
        """Return a key, named by its id, ARN or alias, under its canonical ARN."""
        key = self.describe_state(key_id)
        status = self._rotation_status(key.key_arn)
        return replace(
            key,
            rotates_automatically=status.get("KeyRotationEnabled", False),
            rotated_at=self._rotated_at(key.key_arn),
            is_rotating="OnDemandRotationStartDate" in status,
            is_rotation_known=True,
        )

    def describe_state(self, key_id: str) -> KeyFacts:
        """Return a key as ``describe`` does, without its rotation, which takes other permissions to see."""
        answer = call_with_retry(
            lambda: self._client.describe_key(KeyId=key_id),
            action=f"describe key {key_id} (kms:DescribeKey)",
            clock=self._clock,
            keys=(key_id,),
            propagation_seconds=0,
        )
        metadata = answer["KeyMetadata"]
        return KeyFacts(
            key_arn=metadata["Arn"],
            state=metadata.get("KeyState", "Unavailable"),
            is_symmetric=(metadata.get("KeySpec"), metadata.get("KeyUsage"))
            == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
            is_customer_managed=metadata.get("KeyManager") == "CUSTOMER",
            is_multi_region=metadata.get("MultiRegion", False),
            is_rotation_known=False,
        )

    def policy(self, key_arn: str) -> PolicyDocument:
        """Return the key's policy."""
        answer = call_with_retry(
            lambda: self._client.get_key_policy(KeyId=key_arn, PolicyName="default"),
            action=f"read the policy of key {key_arn} (kms:GetKeyPolicy)",
            clock=self._clock,
            keys=(key_arn,),
            propagation_seconds=0,
        )
        return PolicyDocument.from_json(json.loads(answer["Policy"]))

    def rotate(self, key_arn: str) -> None:
        """Rotate on demand and wait until KMS has completed it; if a rotation is in progress, wait for that one."""
        # Another run, or one that was killed, has begun the rotation that is wanted.
        with suppress(ClientError):
            call_with_retry(
                lambda: self._client.rotate_key_on_demand(KeyId=key_arn),
                action=f"rotate key {key_arn} on demand (kms:RotateKeyOnDemand)",
                clock=self._clock,
                keys=(key_arn,),
                reraise_codes=(_IN_PROGRESS,),
                propagation_seconds=0,
            )
        self.wait_for_rotation(key_arn)

    def wait_for_rotation(self, key_arn: str) -> None:
        """Wait until no rotation of the key is in progress."""
        end = self._clock.now() + timedelta(seconds=_TIMEOUT_SECONDS)
        while "OnDemandRotationStartDate" in self._rotation_status(key_arn):
            if self._clock.now() >= end:
                raise ControlError(
                    f"the rotation of {key_arn} is not complete after {_TIMEOUT_SECONDS:.0f} s; KMS goes on with it,"
                    " the application keeps the old material until it is restarted: run this again"
                )
            self._clock.sleep(_POLL_SECONDS)

    def _rotation_status(self, key_arn: str) -> dict[str, Any]:
        try:
            return call_with_retry(
                lambda: self._client.get_key_rotation_status(KeyId=key_arn),
                action=f"read the rotation of key {key_arn} (kms:GetKeyRotationStatus)",
                clock=self._clock,
                reraise_codes=_NO_ROTATION,
                propagation_seconds=0,
            )
        except ClientError as error:
            # A key of another kind, or one pending deletion, has no rotation; its state or kind is refused elsewhere.
            return {"KeyRotationEnabled": False, "Reason": code_of(error)}

    def _rotated_at(self, key_arn: str) -> datetime | None:
        latest: datetime | None = None
        request: dict[str, Any] = {"KeyId": key_arn}
        while True:
            try:
                page = call_with_retry(
                    lambda: self._client.list_key_rotations(**request),
                    action=f"list the rotations of key {key_arn} (kms:ListKeyRotations)",
                    clock=self._clock,
                    reraise_codes=_NO_ROTATION,
                    propagation_seconds=0,
                )
            except ClientError:
                return latest
            dates = [each["RotationDate"] for each in page.get("Rotations", ()) if "RotationDate" in each]
            latest = max([*dates, *([latest] if latest else [])], default=None)
            if not page.get("Truncated"):
                return latest
            request["Marker"] = page["NextMarker"]
