"""Constructs for applications on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from cdk_penstock.application.application_code import ApplicationCode, CodeBinding
from cdk_penstock.application.application_interface import IFlinkApplication
from cdk_penstock.application.execution_role import ExecutionRole
from cdk_penstock.application.flink_application import FlinkApplication
from cdk_penstock.application.flink_application_base import FlinkApplicationBase
from cdk_penstock.application.imported_application import ImportedFlinkApplication
from cdk_penstock.application.props import (
    ApplicationEncryption,
    ApplicationPropsError,
    FlinkApplicationProps,
    LogLevel,
    RestoreMode,
    RunConfiguration,
)
from cdk_penstock.application.pyflink_application import PyFlinkApplication, PyFlinkApplicationProps
from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.metrics.metrics_level import MetricsLevel
from cdk_penstock.model.names import ApplicationNameError
from cdk_penstock.model.properties import PropertyError
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.sizing import SizingError
from cdk_penstock.packaging.code_archive import PyFlinkLayout

__all__ = (
    "ApplicationCode",
    "ApplicationEncryption",
    "ApplicationNameError",
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
    "PropertyError",
    "PyFlinkApplication",
    "PyFlinkApplicationProps",
    "PyFlinkLayout",
    "RestoreMode",
    "RunConfiguration",
    "SizingError",
)

check_arguments(globals())
