"""The keys of an application as far as the caller may see them.

A key's policy lets only its administrators describe the key, and not those who operate the application.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.control.permission_windows import KeyPermissions
    from cdk_penstock.model.keys import ObservedApplication

KEY_NOT_VISIBLE: Final = (
    "not visible to the caller: a key administrator sees it (kms:DescribeKey, kms:GetKeyRotationStatus,"
    " kms:ListKeyRotations)"
)
KEY_MISSING: Final = "not there: it was deleted, or is in another account or Region"


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """An application and its keys, as far as the caller may see them.

    Parameters
    ----------
    observed
        The application, with the keys that could be described.
    hidden
        Why a key could not be described, by its ARN.
    lost
        The principals of a key's policy that are no more, by its ARN; without a key whose policy could not be read.
    key_permissions
        The keys that the operator role is allowed; None if its policies were not looked at.
    """

    observed: ObservedApplication
    hidden: Mapping[str, str]
    lost: Mapping[str, tuple[str, ...]]
    key_permissions: KeyPermissions | None

    def pending_restart(self) -> str | None:
        """Return why the application has yet to be (re)started, or that it is unknown; None if it need not be."""
        known = self.observed.pending_restart()
        key_arn = self.observed.configured.key_arn
        if known is None and key_arn in self.hidden:
            return f"unknown: whether the material of {key_arn} was rotated cannot be seen"
        return known
