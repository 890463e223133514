from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.conditions import Context, first_unmet
from cdk_penstock.model.policies.documents import Effect, PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, Outcome, Request, decide
from cdk_penstock.model.policies.matching import action_matches, arn_matches, text_matches

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Operator"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/Other"
OTHER_ACCOUNT = "arn:aws:iam::999999999999:role/OtherAccount"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k1"
DECRYPT = "kms:Decrypt"


def policy(*statements: dict[str, Any], name: str = "policy") -> NamedPolicy:
    defaults = {"Effect": "Allow", "Action": DECRYPT, "Resource": "*"}
    body = {"Version": "2012-10-17", "Statement": [defaults | each for each in statements]}
    return NamedPolicy(name=name, document=PolicyDocument.from_json(body))


def key_policy(*statements: dict[str, Any]) -> NamedPolicy:
    return policy(*statements, name="key policy")


def ask(
    caller: str = ROLE,
    *,
    key: NamedPolicy | None = None,
    identity: NamedPolicy | None = None,
    action: str = DECRYPT,
    resource: str = KEY,
    **context: Any,
) -> Outcome:
    who = Caller.role(caller) if caller.startswith("arn:") else Caller.service_principal(caller)
    request = Request(caller=who, action=action, resource=resource, context=context.get("context", {}))
    return decide(request, identity_policies=[identity] if identity else [], resource_policy=key).outcome


def trust(principal: str) -> NamedPolicy:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    document = PolicyDocument.from_json({"Version": "2012-10-17", "Statement": [statement]})
    return NamedPolicy(name="trust", document=document)


ASSUME = {"action": "sts:AssumeRole", "resource": OTHER}
MAY_ASSUME = {**ASSUME, "identity": policy({"Action": "sts:AssumeRole"})}
NAMED = {"Principal": {"AWS": ROLE}}
DELEGATED = {"Principal": {"AWS": ROOT}}
PASS_ROLE = {"action": "iam:PassRole", "resource": OTHER}


def delegated_to(pattern: str) -> dict[str, Any]:
    return {**DELEGATED, "Condition": {"ArnLike": {"aws:PrincipalArn": pattern}}}


ALLOWED, IMPLICIT, EXPLICIT = Outcome.ALLOWED, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY

# Derived by hand from IAM, "Policy evaluation logic", and KMS, "Determining access to AWS KMS keys".
CASES: list[tuple[str, dict[str, Any], Outcome]] = [
    ("the trust policy names the caller", {**ASSUME, "key": trust(ROLE)}, ALLOWED),
    ("IAM alone does not assume a role that trusts another", {**MAY_ASSUME, "key": trust(OTHER)}, IMPLICIT),
    ("IAM alone does not assume a role without a trust policy", MAY_ASSUME, IMPLICIT),
    ("the trust policy names the account, IAM allows", {**MAY_ASSUME, "key": trust(ROOT)}, ALLOWED),
    ("the trust policy names the account, IAM is silent", {**ASSUME, "key": trust(ROOT)}, IMPLICIT),
    ("nothing allows", {"key": key_policy()}, IMPLICIT),
    ("the key names the caller", {"key": key_policy(NAMED)}, ALLOWED),
    ("the key names somebody else", {"key": key_policy(NAMED), "caller": OTHER}, IMPLICIT),
    ("IAM alone does not open a key", {"key": key_policy(NAMED), "caller": OTHER, "identity": policy({})}, IMPLICIT),
    ("the key delegates, IAM allows", {"key": key_policy(DELEGATED), "identity": policy({})}, ALLOWED),
    ("the key delegates, IAM is silent", {"key": key_policy(DELEGATED)}, IMPLICIT),
    (
        "an account id delegates as well",
        {"key": key_policy({"Principal": {"AWS": ACCOUNT}}), "identity": policy({})},
        ALLOWED,
    ),
    ("the key delegates to another account", {"key": key_policy(DELEGATED), "caller": OTHER_ACCOUNT}, IMPLICIT),
    (
        "across accounts, both have to allow",
        {"key": key_policy({"Principal": {"AWS": OTHER_ACCOUNT}}), "caller": OTHER_ACCOUNT, "identity": policy({})},
        ALLOWED,
    ),
    (
        "across accounts, the key alone is not enough",
        {"key": key_policy({"Principal": {"AWS": OTHER_ACCOUNT}}), "caller": OTHER_ACCOUNT},
        IMPLICIT,
    ),
    ("everybody includes the caller", {"key": key_policy({"Principal": "*"})}, ALLOWED),
    ("everybody, the other way to write it", {"key": key_policy({"Principal": {"AWS": "*"}})}, ALLOWED),
    (
        "an explicit deny of IAM wins",
        {"key": key_policy(NAMED), "identity": policy({"Effect": "Deny"})},
        EXPLICIT,
    ),
    ("an explicit deny of the key wins", {"key": key_policy(NAMED, {**NAMED, "Effect": "Deny"})}, EXPLICIT),
    (
        "a deny of the account reaches its roles",
        {"key": key_policy(NAMED, {**DELEGATED, "Effect": "Deny"})},
        EXPLICIT,
    ),
    ("a deny of others does not count", {"key": key_policy(NAMED), "caller": ROLE, "identity": None}, ALLOWED),
    (
        "a service is allowed by the key only",
        {"key": key_policy({"Principal": {"Service": "s.amazonaws.com"}}), "caller": "s.amazonaws.com"},
        ALLOWED,
    ),
    ("a service is nobody's role", {"key": key_policy(DELEGATED, NAMED), "caller": "s.amazonaws.com"}, IMPLICIT),
    (
        "a role with a service's statement",
        {"key": key_policy({"Principal": {"Service": "s.amazonaws.com"}})},
        IMPLICIT,
    ),
    ("all but an action, which it is", {"key": key_policy({**NAMED, "Action": [], "NotAction": DECRYPT})}, IMPLICIT),
    ("all but another action", {"key": key_policy({**NAMED, "Action": [], "NotAction": "kms:Encrypt"})}, ALLOWED),
    (
        "without a resource's policy, IAM decides",
        {"identity": policy({"Action": "iam:PassRole"}), **PASS_ROLE},
        ALLOWED,
    ),
    (
        "all but a resource, which it is",
        {"identity": policy({"Action": "iam:*", "Resource": [], "NotResource": OTHER}), **PASS_ROLE},
        IMPLICIT,
    ),
    ("the case of an action does not count", {"key": key_policy({**NAMED, "Action": "KMS:decRYPT"})}, ALLOWED),
    ("a wildcard for the action", {"key": key_policy({**NAMED, "Action": "kms:De*"})}, ALLOWED),
    ("another resource", {"identity": policy({"Resource": KEY + "x"}), "key": key_policy(DELEGATED)}, IMPLICIT),
    (
        "a condition on the caller itself",
        {"key": key_policy(delegated_to("arn:aws:iam::*:role/Op*")), "identity": policy({})},
        ALLOWED,
    ),
    (
        "a condition on the caller that it does not meet",
        {"key": key_policy(delegated_to(OTHER)), "identity": policy({})},
        IMPLICIT,
    ),
]


@pytest.mark.parametrize(("given_", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_decisions_are_those_of_iam_and_kms(given_: dict[str, Any], expected: Outcome) -> None:
    assert ask(**given_) is expected


def test_a_decision_says_which_statements_made_it() -> None:
    key = key_policy({**DELEGATED, "Sid": "HandOn"})
    identity = policy({"Sid": "Decrypt"}, name="Base")
    request = Request(caller=Caller.role(ROLE), action=DECRYPT, resource=KEY)
    decision = decide(request, identity_policies=[identity], resource_policy=key)
    assert decision.statements == ("key policy: HandOn", "Base: Decrypt")
    assert decision.reason == "allowed by key policy: HandOn and Base: Decrypt"


@pytest.mark.parametrize(
    ("key", "identity", "reason"),
    [
        (key_policy({**DELEGATED, "Sid": "HandOn"}), policy(), "HandOn delegates to identity policies, none of which"),
        (key_policy(), policy({}), "policy: a statement without sid would allow it, but key policy does not let"),
        (
            key_policy({**NAMED, "Sid": "Via", "Condition": {"StringEquals": {"kms:ViaService": "x"}}}),
            policy(),
            "key policy: Via does not apply: StringEquals kms:ViaService is not met",
        ),
        (key_policy(), policy(), "no statement allows it"),
    ],
)
def test_a_denial_says_what_is_missing(key: NamedPolicy, identity: NamedPolicy, reason: str) -> None:
    request = Request(caller=Caller.role(ROLE), action=DECRYPT, resource=KEY)
    assert reason in decide(request, identity_policies=[identity], resource_policy=key).reason


def test_a_statement_with_not_principal_is_refused() -> None:
    with pytest.raises(PenstockError, match="NotPrincipal is not evaluated"):
        ask(key=key_policy({"NotPrincipal": {"AWS": OTHER}}))


# Derived by hand from IAM, "Condition operators" and "Set operators for multivalued context keys".
CONDITIONS: list[tuple[str, list[str], tuple[str, ...], bool]] = [
    ("StringEquals", ["a", "b"], ("b",), True),
    ("StringEquals", ["a"], ("A",), False),
    ("StringEquals", ["a"], (), False),
    ("StringEqualsIfExists", ["a"], (), True),
    ("StringEqualsIfExists", ["a"], ("b",), False),
    ("StringEqualsIgnoreCase", ["a"], ("A",), True),
    ("StringNotEquals", ["a", "b"], ("c",), True),
    ("StringNotEquals", ["a", "b"], ("b",), False),
    ("StringNotEquals", ["a"], (), True),
    ("StringNotEqualsIgnoreCase", ["a"], ("A",), False),
    ("StringLike", ["a*"], ("abc",), True),
    ("StringLike", ["a?"], ("abc",), False),
    ("StringNotLike", ["a*"], ("abc",), False),
    ("ArnLike", ["arn:aws:iam::*:role/a"], ("arn:aws:iam::1:role/a",), True),
    ("ArnEquals", ["arn:aws:iam::*:role/a"], ("arn:aws:iam::1:role/a",), True),
    ("ArnLike", ["arn:aws:*:role/a"], ("arn:aws:iam::1:role/a",), False),
    ("ArnNotLike", ["arn:aws:iam::1:role/a"], ("arn:aws:iam::1:role/b",), True),
    ("ArnNotEquals", ["arn:aws:iam::1:role/a"], ("arn:aws:iam::1:role/a",), False),
    ("Bool", ["true"], ("True",), True),
    ("Bool", ["true"], (), False),
    ("Null", ["true"], (), True),
    ("Null", ["true"], ("x",), False),
    ("Null", ["false"], ("x",), True),
    ("NumericEquals", ["5"], ("5.0",), True),
    ("NumericNotEquals", ["5"], ("5",), False),
    ("NumericLessThan", ["5"], ("5",), False),
    ("NumericLessThanEquals", ["5"], ("5",), True),
    ("NumericGreaterThan", ["5"], ("6",), True),
    ("NumericGreaterThanEquals", ["5"], ("4",), False),
    ("ForAllValues:StringEquals", ["Decrypt"], (), True),
    ("ForAllValues:StringEquals", ["Decrypt"], ("Decrypt",), True),
    ("ForAllValues:StringEquals", ["Decrypt"], ("Decrypt", "Encrypt"), False),
    ("ForAllValues:StringNotEquals", ["Encrypt"], ("Decrypt",), True),
    ("ForAllValues:StringNotEquals", ["Encrypt"], ("Decrypt", "Encrypt"), False),
    ("ForAnyValue:StringEquals", ["Decrypt"], (), False),
    ("ForAnyValue:StringEquals", ["Decrypt"], ("Encrypt", "Decrypt"), True),
    ("ForAnyValue:StringNotEquals", ["Decrypt"], (), False),
    ("ForAnyValue:StringNotEquals", ["Decrypt"], ("Encrypt", "Decrypt"), True),
]


@pytest.mark.parametrize(("operator", "expected", "given", "met"), CONDITIONS)
def test_a_condition_is_met_as_iam_says(operator: str, expected: list[str], given: tuple[str, ...], met: bool) -> None:
    unmet = first_unmet({operator: {"Some:Key": tuple(expected)}}, Context({"some:key": given}))
    assert unmet == (None if met else f"{operator} Some:Key")


def test_all_operators_and_all_keys_have_to_be_met() -> None:
    conditions = {"StringEquals": {"a": ("1",), "b": ("2",)}, "Null": {"c": ("true",)}}
    assert first_unmet(conditions, Context({"a": "1", "b": "2"})) is None
    assert first_unmet(conditions, Context({"a": "1", "b": "3"})) == "StringEquals b"
    assert first_unmet(conditions, Context({"a": "1", "b": "2", "c": "3"})) == "Null c"


@pytest.mark.parametrize(("operator", "value"), [("IpAddress", "10.0.0.0/8"), ("StringLike", "${aws:username}")])
def test_an_unknown_condition_is_refused(operator: str, value: str) -> None:
    with pytest.raises(PenstockError, match="is not evaluated"):
        first_unmet({operator: {"a": (value,)}}, Context({"a": "b"}))


ALPHABET = st.text(alphabet="ab*?.", max_size=6)
PLAIN = st.text(alphabet="ab.", max_size=6)


@given(PLAIN)
def test_a_text_matches_itself_and_a_star(text: str) -> None:
    assert text_matches(text, text)
    assert text_matches("*", text)


@given(ALPHABET, PLAIN)
def test_wildcards_agree_with_the_textbook_recursion(pattern: str, text: str) -> None:
    def reference(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return reference(p[1:], t) or (bool(t) and reference(p, t[1:]))
        return bool(t) and p[0] in {"?", t[0]} and reference(p[1:], t[1:])

    assert text_matches(pattern, text) == reference(pattern, text)


@given(PLAIN, PLAIN)
def test_the_case_of_an_action_never_counts(pattern: str, action: str) -> None:
    assert action_matches(pattern, action) == action_matches(pattern.upper(), action.swapcase())


def test_a_wildcard_in_an_arn_stays_in_its_segment_except_the_last() -> None:
    assert not arn_matches("arn:aws:iam:*:role/x", "arn:aws:iam::1:role/x")
    assert arn_matches("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:eu:1:log-group:a:log-stream:b")


ACTIONS = st.sampled_from(["kms:Decrypt", "kms:*", "kms:De?rypt", "kms:Encrypt", "*"])
PRINCIPALS: st.SearchStrategy[Any] = st.sampled_from(
    ["*", {"AWS": ROLE}, {"AWS": OTHER}, {"AWS": ROOT}, {"AWS": [ROLE, OTHER_ACCOUNT]}, {"Service": "s.amazonaws.com"}]
)
CONDITION = st.sampled_from(
    [
        {},
        {"StringEquals": {"kms:ViaService": "x"}},
        {"StringNotEquals": {"kms:ViaService": "x"}},
        {"Null": {"k": "true"}},
    ]
)


@st.composite
def statements(draw: st.DrawFn, *, of_key: bool) -> Statement:
    body: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        "Action": draw(ACTIONS),
        "Resource": draw(st.sampled_from(["*", KEY, KEY + "x"])),
        "Condition": draw(CONDITION),
    }
    return Statement.from_json(body | ({"Principal": draw(PRINCIPALS)} if of_key else {}))


KEY_STATEMENTS = st.lists(statements(of_key=True), max_size=5)
IDENTITY_STATEMENTS = st.lists(statements(of_key=False), max_size=5)
CALLERS = st.sampled_from(
    [Caller.role(ROLE), Caller.role(OTHER), Caller.role(OTHER_ACCOUNT), Caller.service_principal("s.amazonaws.com")]
)
VALUES = st.sampled_from([{}, {"kms:ViaService": "x"}, {"KMS:viaservice": "y", "k": ("1", "2")}])


def outcome(caller: Caller, values: Any, key: list[Statement], identity: list[Statement]) -> Outcome:
    request = Request(caller=caller, action=DECRYPT, resource=KEY, context=values)
    return decide(
        request,
        identity_policies=[NamedPolicy(name="identity", document=PolicyDocument(statements=tuple(identity)))],
        resource_policy=NamedPolicy(name="key", document=PolicyDocument(statements=tuple(key))),
    ).outcome


@given(CALLERS, VALUES, KEY_STATEMENTS, IDENTITY_STATEMENTS, statements(of_key=True))
def test_one_more_deny_never_allows_and_one_more_allow_never_denies(
    caller: Caller, values: Any, key: list[Statement], identity: list[Statement], more: Statement
) -> None:
    before = outcome(caller, values, key, identity)
    after = outcome(caller, values, [*key, more], identity)
    if more.effect is Effect.DENY:
        assert after is not ALLOWED or before is ALLOWED
    else:
        assert after is ALLOWED or before is not ALLOWED


@given(CALLERS, VALUES, KEY_STATEMENTS, IDENTITY_STATEMENTS, st.randoms(use_true_random=False))
def test_the_order_of_statements_decides_nothing(
    caller: Caller, values: Any, key: list[Statement], identity: list[Statement], random: Any
) -> None:
    expected = outcome(caller, values, key, identity)
    random.shuffle(key)
    random.shuffle(identity)
    assert outcome(caller, values, key, identity) is expected


@given(CALLERS, VALUES, KEY_STATEMENTS)
def test_without_an_identity_policy_only_named_callers_of_the_account_are_allowed(
    caller: Caller, values: Any, key: list[Statement]
) -> None:
    if outcome(caller, values, key, []) is ALLOWED:
        assert caller.account in {"", ACCOUNT}
        assert any(caller.arn in _named(s) or "*" in _named(s) or caller.service in _named(s) for s in key)


def _named(statement: Statement) -> set[str]:
    return {value for values in (statement.principals or {}).values() for value in values}


@given(KEY_STATEMENTS)
def test_a_document_that_is_written_and_read_is_the_same(key: list[Statement]) -> None:
    document = PolicyDocument(statements=tuple(key), id="x")
    assert PolicyDocument.from_json(document.to_json()) == document


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("kms:CreateKey", "*", True),
        ("kms:CreateAlias", f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/state", True),
        ("kms:TagResource", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/*", True),
        ("kms:TagResource", KEY, False),
        ("kms:CreateAlias", KEY, False),
    ],
)
def test_only_a_key_that_exists_has_a_policy_that_must_allow(action: str, resource: str, *, allowed: bool) -> None:
    own = [policy({"Action": "*"})]
    decision = decide(Request(caller=Caller.role(ROLE), action=action, resource=resource), identity_policies=own)
    assert decision.allowed is allowed
