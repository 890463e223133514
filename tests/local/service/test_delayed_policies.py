"""Permissions that change are seen after a delay, and keys at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.delayed_policies import LONGEST_DELAY_SECONDS, DelayedPolicies
from cdk_penstock.local.service.policy_source import AllowAll, KeyState
from cdk_penstock.model.policies.evaluator import Caller, Decision, Outcome, Request
from cdk_penstock.model.policies.operations import KeyPath, Verdict

APPLICATION = "arn:aws:kinesisanalytics:eu-west-1:111122223333:application/orders"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
ROLE = Caller.role("arn:aws:iam::111122223333:role/operator")
START = Request(caller=ROLE, action="kinesisanalytics:StartApplication", resource=APPLICATION)


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Named(AllowAll):
    """A source that can be recognized, and allows nothing."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def decide(self, request: Request) -> Decision:  # noqa: ARG002 - the interface
        return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(self.name,), reason=self.name)

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:  # noqa: ARG002 - the interface
        return Verdict(calls=((START, self.decide(START)),))


def test_without_a_delay_a_change_is_seen_at_once() -> None:
    policies = DelayedPolicies(AllowAll(), clock=HandClock())
    assert policies.decide(START).allowed
    policies.change(Named("after"))
    assert policies.decide(START).reason == "after"


def test_a_change_is_seen_when_the_delay_is_over_and_not_before() -> None:
    clock = HandClock()
    policies = DelayedPolicies(Named("before"), clock=clock)
    policies.delay_seconds = 10
    policies.change(Named("after"))
    path = KeyPath(application_arn=APPLICATION, region="eu-west-1")

    def seen() -> set[str]:
        return {
            policies.decide(START).reason,
            policies.caller_can_use_key(ROLE, path, KEY).calls[0][1].reason,
            policies.service_can_use_key(APPLICATION, KEY).calls[0][1].reason,
        }

    clock.move(9.9)
    assert seen() == {"before"}
    clock.move(0.1)
    assert seen() == {"after"}


def test_a_shorter_delay_holds_from_now_on() -> None:
    clock = HandClock()
    policies = DelayedPolicies(Named("before"), clock=clock)
    policies.delay_seconds = 100
    policies.change(Named("after"))
    clock.move(5)
    assert policies.decide(START).reason == "before"
    policies.delay_seconds = 4
    assert policies.decide(START).reason == "after"


@given(
    st.lists(st.floats(0, 2 * LONGEST_DELAY_SECONDS), max_size=8),
    st.floats(0, LONGEST_DELAY_SECONDS),
    st.floats(0, 2 * LONGEST_DELAY_SECONDS),
)
def test_a_decision_is_that_of_the_source_which_decided_then(waits: list[float], delay: float, last: float) -> None:
    clock = HandClock()
    history = [(datetime.min.replace(tzinfo=UTC), "0")]
    policies = DelayedPolicies(Named("0"), clock=clock)
    policies.delay_seconds = delay
    for number, seconds in enumerate(waits, start=1):
        clock.move(seconds)
        policies.change(Named(str(number)))
        history.append((clock(), str(number)))
    clock.move(last)
    then = clock() - timedelta(seconds=delay)
    assert policies.decide(START).reason == [name for since, name in history if since <= then][-1]


def test_sources_that_no_delay_can_show_are_forgotten() -> None:
    clock = HandClock()
    policies = DelayedPolicies(Named("0"), clock=clock)
    for number in range(100):
        clock.move(LONGEST_DELAY_SECONDS / 2)
        policies.change(Named(str(number)))
    assert len(policies._sources) <= 4


def test_a_key_is_disabled_at_once_whatever_the_delay() -> None:
    source = AllowAll()
    policies = DelayedPolicies(source, clock=HandClock())
    policies.delay_seconds = 60
    policies.disable_key(KEY)

    def state() -> KeyState:
        found = policies.resolve_key("1234abcd", account="111122223333", region="eu-west-1")
        assert found is not None
        return found.state

    assert state() is KeyState.DISABLED
    assert source.disabled_keys == set()
    policies.enable_key(KEY)
    assert state() is KeyState.ENABLED


def test_a_key_that_the_source_disables_stays_disabled() -> None:
    source = AllowAll()
    source.disabled_keys.add(KEY)
    policies = DelayedPolicies(source, clock=HandClock())
    policies.enable_key(KEY)
    found = policies.resolve_key(KEY, account="111122223333", region="eu-west-1")
    assert found is not None
    assert found.state is KeyState.DISABLED


def test_a_key_of_another_account_is_not_found() -> None:
    policies = DelayedPolicies(AllowAll(), clock=HandClock())
    assert policies.resolve_key(KEY, account="444455556666", region="eu-west-1") is None
