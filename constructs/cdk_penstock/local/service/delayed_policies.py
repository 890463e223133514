"""Policies whose changes are seen late, as those of IAM are, and keys that are disabled on request."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.policy_source import KeyState

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.policy_source import PolicySource, ResolvedKey
    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.policies.evaluator import Caller, Decision, Request
    from cdk_penstock.model.policies.operations import KeyPath, Verdict


LONGEST_DELAY_SECONDS: Final = 3_600.0


class DelayedPolicies:
    """A policy source that decides by the policies of some seconds ago.

    Nobody can ask a source for its past, so a change of permissions is a new source, given to :meth:`change`; a source
    that was given must not change its decisions any more. Keys are resolved by the newest source: KMS knows a
    key at once.

    Parameters
    ----------
    source
        The policies from the beginning on.
    clock
        Returns the time.

    Attributes
    ----------
    delay_seconds
        After how long a change is seen: from 0, the default, to ``LONGEST_DELAY_SECONDS``. It may change at any time.
    disabled_keys
        ARNs of keys that are disabled, whatever the source says of them.
    """

    def __init__(self, source: PolicySource, *, clock: Callable[[], datetime]) -> None:
        self.delay_seconds = 0.0
        self.disabled_keys: frozenset[str] = frozenset()
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._sources: list[tuple[datetime | None, PolicySource]] = [(None, source)]

    def change(self, source: PolicySource) -> None:
        """Let another source decide, once the delay is over."""
        now = self._clock()
        with self._lock:
            self._sources.append((now, source))
            # The last source that the longest delay can still show is the oldest one to keep.
            oldest = self._position(now - timedelta(seconds=LONGEST_DELAY_SECONDS))
            self._sources = self._sources[oldest:]

    def disable_key(self, key_arn: str) -> None:
        """Disable a key."""
        with self._lock:
            self.disabled_keys |= {key_arn}

    def enable_key(self, key_arn: str) -> None:
        """Let the state of a key be what the source says of it, again."""
        with self._lock:
            self.disabled_keys -= {key_arn}

    def _position(self, moment: datetime) -> int:
        seen = [position for position, (since, _) in enumerate(self._sources) if since is None or since <= moment]
        return seen[-1] if seen else 0

    def _seen(self) -> PolicySource:
        moment = self._clock() - timedelta(seconds=self.delay_seconds)
        with self._lock:
            return self._sources[self._position(moment)][1]

    def decide(self, request: Request) -> Decision:
        """Decide on a call, by the policies of then."""
        return self._seen().decide(request)

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        """Decide on a caller's use of a key, by the policies of then."""
        return self._seen().caller_can_use_key(caller, path, key_arn)

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:
        """Decide on the use of a key by MSF's principals, by the policies of then."""
        return self._seen().service_can_use_key(application_arn, key_arn)

    def role_can_read_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> bool:
        """Return True if the role could read the code, by the policies of then."""
        return self._seen().role_can_read_code(role_arn, application_arn, location)

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:
        """Return the key as it is now, disabled if ``disabled_keys`` has it."""
        with self._lock:
            newest = self._sources[-1][1]
        found = newest.resolve_key(key_id, account=account, region=region)
        if found is not None and found.arn in self.disabled_keys:
            return replace(found, state=KeyState.DISABLED)
        return found
