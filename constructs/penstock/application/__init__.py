"""Constructs for applications on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from penstock.application.application_code import ApplicationCode, CodeBinding, PyFlinkLayout
from penstock.application.application_interface import IFlinkApplication
from penstock.application.execution_role import ExecutionRole
from penstock.application.flink_application import FlinkApplication
from penstock.application.flink_application_base import FlinkApplicationBase
from penstock.application.imported_application import ImportedFlinkApplication
from penstock.application.props import (
    ApplicationEncryption,
    ApplicationPropsError,
    FlinkApplicationProps,
    LogLevel,
    MetricsLevel,
    RestoreMode,
    RunConfiguration,
)
from penstock.application.pyflink_application import PyFlinkApplication, PyFlinkApplicationProps
from penstock.model.arguments import check_arguments
from penstock.model.runtimes import FlinkRuntime

__all__ = (
    "ApplicationCode",
    "ApplicationEncryption",
    "ApplicationPropsError",
    "CodeBinding",
    "ExecutionRole",
    "FlinkApplication",
    "FlinkApplicationBase",
    "FlinkApplicationProps",
    "FlinkRuntime",
    "IFlinkApplication",
    "ImportedFlinkApplication",
    "LogLevel",
    "MetricsLevel",
    "PyFlinkApplication",
    "PyFlinkApplicationProps",
    "PyFlinkLayout",
    "RestoreMode",
    "RunConfiguration",
)

check_arguments(globals())
