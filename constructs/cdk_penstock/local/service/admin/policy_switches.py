"""The switches of the admin API on policies: keys that are disabled, and permissions that are seen late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.admin.fault_fields import finite_number
from cdk_penstock.local.service.admin_answers import AdminRequestError
from cdk_penstock.local.service.delayed_policies import LONGEST_DELAY_SECONDS
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.key_assignment import KeyArn

if TYPE_CHECKING:
    from cdk_penstock.local.service.admin_answers import AdminCall
    from cdk_penstock.local.service.delayed_policies import DelayedPolicies
    from cdk_penstock.local.service.feed import Feed
    from cdk_penstock.model.lifecycle.version_settings import Document


class PolicySwitches:
    """The switches, each of which answers a request.

    Parameters
    ----------
    policies
        The policies.
    feed
        The changes.
    """

    def __init__(self, policies: DelayedPolicies, feed: Feed) -> None:
        self._policies: Final = policies
        self._feed: Final = feed

    def disable_key(self, call: AdminCall) -> Document:
        """Disable a key, as KMS's DisableKey does."""
        return self._switched(call, disabled=True)

    def enable_key(self, call: AdminCall) -> Document:
        """Enable a key again."""
        return self._switched(call, disabled=False)

    def _switched(self, call: AdminCall, *, disabled: bool) -> Document:
        key = self._key(call.path["arn"])
        if disabled:
            self._policies.disable_key(key)
        else:
            self._policies.enable_key(key)
        self._feed.publish({"key": key})
        return {"key": key, "disabled": disabled}

    def _key(self, given: str) -> str:
        try:
            arn = KeyArn.parse(given)
        except PenstockError as error:
            raise AdminRequestError(str(error)) from error
        if self._policies.resolve_key(given, account=arn.account, region=arn.region) is None:
            raise AdminRequestError(f"got key {given}, expected one that exists: none has this ARN", status=404)
        return given

    def show_delay(self, _call: AdminCall) -> Document:
        """Return after how many seconds a change of permissions is seen."""
        return {"seconds": self._policies.delay_seconds}

    def set_delay(self, call: AdminCall) -> Document:
        """Let changes of permissions be seen after so many seconds."""
        given = call.document(frozenset({"seconds"})).get("seconds")
        self._policies.delay_seconds = finite_number("seconds", given, LONGEST_DELAY_SECONDS)
        self._feed.publish({"iam_delay_seconds": int(self._policies.delay_seconds)})
        return self.show_delay(call)
