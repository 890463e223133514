"""Recognition of secrets where others can read them: in the job's code and in its property groups.

Everybody who may call ``DescribeApplication`` or read the template sees the values of property groups.
CloudFormation's dynamic references to a secret are replaced before MSF gets them (AWS CloudFormation user guide,
"Get a secret or secret value from Secrets Manager"), so they end up there too.
"""

from __future__ import annotations

import re
from typing import Any, Final

# Line ends may be escaped and strings concatenated. The header alone is what libraries look for in others' files.
_BETWEEN: Final = rb"""(?:\\[nrt]|b(?=['"])|[^A-Za-z0-9/]){0,100}"""
SECRET_CONTENT: Final = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
    rb"(?:" + _BETWEEN + rb"(?:Proc-Type|DEK-Info): [A-Za-z0-9,-]+){0,2}" + _BETWEEN + rb"[A-Za-z0-9+/]{40}"
    # AWS's documentation writes EXAMPLE into its access keys.
    rb"|(?<![A-Z0-9])(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}(?![A-Z0-9])"
)
"""An access key of AWS, or a private key."""

_SECRET_WORDS: Final = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|credential|(?:api|private|access)[._-]?key", re.IGNORECASE
)
_ABOUT_A_SECRET: Final = re.compile(
    r"(?:^|[._-])(?:arn|id|name|ur[il]|path|file|location|alias|region|type|mechanism|provider|class|enabled|ms|seconds"
    r"|minutes|hours|ttl|interval)$",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(r"(?:arn:|https?://|s3://|classpath:|/)|(?:true|false|[0-9.]+)$", re.IGNORECASE)
_INLINE_PASSWORD: Final = re.compile(r"""\bpassword\s*=\s*["'][^"']+["']""", re.IGNORECASE)
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL)
_IN_TEXT: Final = re.compile(
    # The user and password of a URL, an access key, and the signature of a presigned URL.
    r"(?P<before>://[^/\s:@]+:)[^/\s@]+(?=@)|(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|(?P<signature>\b(?i:X-Amz-Signature)=)[^&\s\"']+"
)
_ASSIGNMENT: Final = re.compile(
    # Only a name that tells of a secret: any other one could take an assignment after it for its value.
    rf"""(?<![\w.-])(?=[\w.-]*?(?i:{_SECRET_WORDS.pattern}))"""
    r"""(?P<head>(?P<key>[\w.-]++)\\?["']?\s{0,3}[=:]\s{0,3}\\?["']?)"""
    r"""(?P<value>(?<=["'])[^"'\\]+|[^\s"',;&)}\\]+)"""
)
_DYNAMIC_REFERENCE: Final = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):")


def holds_secret(text: str) -> bool:
    """Return True if a text holds an access key or a private key."""
    return SECRET_CONTENT.search(text.encode(errors="replace")) is not None


def may_hold_secret(key: str, value: str) -> bool:
    """Return True if an entry of a property group may be a secret.

    Such entries are a literal value under a name such as ``db.password``, a password within a JAAS configuration, and
    a dynamic reference to a secret. The name or the ARN of a secret, with which the job reads it, is not a secret.
    """
    if _INLINE_PASSWORD.search(value) or _DYNAMIC_REFERENCE.search(value):
        return True
    return bool(_SECRET_WORDS.search(key)) and not _ABOUT_A_SECRET.search(key) and not _REFERENCE.match(value)


MASK: Final = "******"
"""The text in the place of a secret, as Flink writes it."""


def mask_text(text: str) -> str:
    """Return a text, such as a line of a log, without what may be a secret in it."""
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _IN_TEXT.sub(lambda found: f"{found['before'] or found['signature'] or ''}{MASK}", text)
    return _ASSIGNMENT.sub(_masked_assignment, text)


def _masked_assignment(found: re.Match[str]) -> str:
    return f"{found['head']}{MASK}" if may_hold_secret(found["key"], found["value"]) else found[0]


def mask_value(key: str, value: str) -> str:
    """Return the value of an entry of a property group or a configuration, without what may be a secret in it."""
    return MASK if may_hold_secret(key, value) else mask_text(value)


def mask_secrets(document: Any) -> Any:
    """Return an answer of AWS or of Flink without what may be a secret in it.

    Entries are members of an object, and objects of a ``key`` and a ``value``, as Flink lists its configuration.
    """
    match document:
        case {"key": str(key), "value": str(value), **others}:
            return {"key": key, "value": mask_value(key, value), **mask_secrets(others)}
        case dict():
            return {
                key: mask_value(str(key), value) if isinstance(value, str) else mask_secrets(value)
                for key, value in document.items()
            }
        case list() | tuple():
            return [mask_secrets(each) for each in document]
        case str():
            return mask_text(document)
        case _:
            return document
