from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.properties import PropertyError, PropertyGroups
from cdk_penstock.model.secrets import holds_secret, mask_secrets, mask_text, may_hold_secret

# Put together here, so that no scanner takes this file for a leak.
ACCESS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
PRIVATE_KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "M" * 64
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="job" password="hunter2";'


@pytest.mark.parametrize("text", [ACCESS_KEY, f"key={ACCESS_KEY};", PRIVATE_KEY, PRIVATE_KEY.replace("\n", "\\n")])
def test_a_known_secret_is_refused_without_being_shown(text: str) -> None:
    assert holds_secret(text)
    with pytest.raises(PropertyError, match="AWS Secrets Manager") as error:
        PropertyGroups(groups={"db": {"setting": text}})
    assert text not in str(error.value)


@pytest.mark.parametrize("text", ["AKIA" + "IOSFODNN7EXAMPLE", "arn:aws:kms:eu-central-1:111122223333:key/x", "AKIA"])
def test_a_value_that_is_not_a_secret_is_accepted(text: str) -> None:
    assert not holds_secret(text)
    PropertyGroups(groups={"db": {"setting": text}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("db.password", "Sup3rSecret!pw"), ("DB_PASSWD", "x"), ("kafka.api.secret", "abcdef"), ("api-key", "abcdef"),
        ("access.token", "abcdef"), ("ssl.key.passphrase", "abcdef"), ("sasl.jaas.config", JAAS),
        ("anything", "{{resolve:secretsmanager:db:SecretString:password}}"), ("anything", "{{resolve:ssm-secure:p:1}}"),
    ],
)  # fmt: skip
def test_a_possible_secret_is_named_by_group_and_key(key: str, value: str) -> None:
    assert may_hold_secret(key, value)
    assert list(PropertyGroups(groups={"db": {key: value}}).entries_like_secrets()) == [("db", key)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("db.password.secret.name", "prod/db"), ("secret.arn", "prod"), ("db.secret", "arn:aws:secretsmanager:x"),
        ("token.endpoint.url", "id.example"), ("token.refresh.interval", "soon"), ("token.ttl.ms", "5"),
        ("secrets.enabled", "true"), ("max.tokens", "5"), ("ssl.truststore.location", "/usr/lib/cacerts"),
        ("topic", "password-resets"), ("anything", "{{resolve:ssm:parameter}}"),
    ],
)  # fmt: skip
def test_the_name_of_a_secret_and_settings_about_one_are_accepted(key: str, value: str) -> None:
    assert not may_hold_secret(key, value)


def test_a_value_that_only_the_deployment_knows_is_not_judged() -> None:
    groups = PropertyGroups(groups={"db": {"password": "${Token[1]}"}}, is_opaque=lambda text: "Token" in text)
    assert list(groups.entries_like_secrets()) == []


def test_no_message_shows_a_value() -> None:
    with pytest.raises(PropertyError) as error:
        PropertyGroups(groups={"db": {"password": "one"}}).with_group("db", {"password": "two"})
    assert not {"'one'", "'two'"} & set(json.dumps(str(error.value)).split())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("connect to https://me:hunter2@host/x", "connect to https://me:******@host/x"),
        ("db.password=hunter2 and more", "db.password=****** and more"),
        ('{"token": "abc", "count": 5}', '{"token": "******", "count": 5}'),
        ('escaped {\\"password\\": \\"a b\\"}', 'escaped {\\"password\\": \\"******\\"}'),
        ("AccessDeniedException: password=hunter2", "AccessDeniedException: password=******"),
        ("a=b: c=token=hunter2", "a=b: c=token=******"),
        ("GET /x?authToken=abc&a=1", "GET /x?authToken=******&a=1"),
        ("?X-Amz-Signature=0af1&X-Amz-Date=1", "?X-Amz-Signature=******&X-Amz-Date=1"),
        ('PlainLoginModule required username="me" password="two words";',
         'PlainLoginModule required username="me" password="******";'),
        (f"key {ACCESS_KEY}.", "key ******."),
        (f"{PRIVATE_KEY}\nzz\n-----END PRIVATE KEY----- end", "****** end"),
        (PRIVATE_KEY.replace("\n", "\\n"), "******"),
        ("secret.arn=arn:aws:secretsmanager:x, speed=5", "secret.arn=arn:aws:secretsmanager:x, speed=5"),
    ],
)  # fmt: skip
def test_a_text_is_shown_without_its_secrets(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


def test_a_document_is_shown_without_its_secrets_and_keeps_its_form() -> None:
    groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": "hunter2", "password.path": "x", "speed": "5"}}]
    document = {
        "PropertyGroupDescriptions": groups,
        "flink": [{"key": "s3.secret-key", "value": "hunter2"}, {"key": "speed", "value": "5"}],
        "count": 5,
        "rest": (None, True, "password=hunter2"),
    }
    masked = mask_secrets(document)
    assert "hunter2" not in json.dumps(masked)
    assert masked == {
        "PropertyGroupDescriptions": [
            {"PropertyGroupId": "db", "PropertyMap": {"password": "******", "password.path": "x", "speed": "5"}}
        ],
        "flink": [{"key": "s3.secret-key", "value": "******"}, {"key": "speed", "value": "5"}],
        "count": 5,
        "rest": [None, True, "password=******"],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(JSON)
def test_a_masked_document_has_nothing_more_to_mask(document: Any) -> None:
    once = mask_secrets(document)
    assert mask_secrets(once) == once


def test_long_texts_are_masked_in_a_time_that_grows_with_their_length() -> None:
    begin = time.monotonic()
    parts = ("x", "a=", "://", "-----BEGIN ", "password ", "password", "a.token-")
    for long in (part * 50_000 for part in parts):
        mask_text(long)
    assert time.monotonic() - begin < 5
