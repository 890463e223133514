"""Recognition of secrets where others can read them: in the job's code and in its property groups.

Everybody who may call ``DescribeApplication`` or read the template sees the values of property groups.
CloudFormation's dynamic references to a secret are replaced before MSF gets them (AWS CloudFormation user guide,
"Get a secret or secret value from Secrets Manager"), so they end up there too.
"""

from __future__ import annotations

import re
from typing import Final

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
