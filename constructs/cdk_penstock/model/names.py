"""Names in MSF: application names, Amazon Resource Names, service principals and fixed paths."""

from __future__ import annotations

import re
from typing import Final

from cdk_penstock.model.errors import PenstockError

SERVICE_PRINCIPAL: Final = "kinesisanalytics.amazonaws.com"
METRICS_NAMESPACE: Final = "AWS/KinesisAnalytics"
LOG_GROUP_PREFIX: Final = "/aws/kinesis-analytics/"
LOG_STREAM_NAME: Final = "kinesis-analytics-log-stream"

RUN_OPTIONS_GROUP: Final = "kinesis.analytics.flink.run.options"
"""The property group in which MSF looks for a Python job's entry point, jar and modules (managed-flink, how-python)."""

CODE_ARCHIVE_MAX_BYTES: Final = 512 * 1024 * 1024
"""MSF does not start an application whose code is larger (managed-flink, limits)."""

_APPLICATION_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesisanalytics:([a-z0-9-]+):(\d{12}):application/(.+)")
_APPLICATION_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


class ApplicationNameError(PenstockError):
    """An application name that CreateApplication would refuse."""


def check_application_name(name: str) -> str:
    """Return the name, or raise ApplicationNameError if MSF would refuse it (CreateApplication, ApplicationName)."""
    if not _APPLICATION_NAME.fullmatch(name):
        raise ApplicationNameError(
            f"application name must be 1 to 128 letters, digits, '_', '.' or '-', got {name!r} ({len(name)} characters)"
        )
    return name


def parse_application_arn(arn: str) -> tuple[str, str, str]:
    """Return Region, account and name in an application's ARN, or raise ApplicationNameError if it is not one."""
    match = _APPLICATION_ARN.fullmatch(arn)
    if match is None:
        raise ApplicationNameError(
            "expected an application's ARN, as in"
            f" 'arn:aws:kinesisanalytics:eu-central-1:111122223333:application/clicks', got {arn!r}"
        )
    region, account, name = match.groups()
    return region, account, check_application_name(name)
