"""An application of an environment's file, as the library's construct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import (
    ApplicationCode,
    FlinkApplicationProps,
    FlinkRuntime,
    LogLevel,
    MetricsLevel,
    PyFlinkApplication,
    PyFlinkLayout,
)
from stacks.log_retention import log_retention
from stacks.settings import REPOSITORY

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.network import IApplicationVpc
    from stacks.environment import ApplicationSettings, CodeSettings, Environment

__all__ = ("PREBUILT_PACKAGE", "build_application")

PREBUILT_PACKAGE: Final = "package"
"""Context key with a zip that is built already, for synthesis without Java and Maven: ``-c package=job.zip``."""


def build_application(
    scope: Construct,
    construct_id: str,
    settings: ApplicationSettings,
    *,
    environment: Environment,
    network: IApplicationVpc | None,
) -> PyFlinkApplication:
    """Return the application that the settings describe."""
    props = FlinkApplicationProps(
        application_name=settings.name,
        description=f"{construct_id}, {environment.name}",
        runtime=FlinkRuntime.of(settings.runtime),
        parallelism=settings.parallelism,
        parallelism_per_kpu=settings.parallelism_per_kpu,
        max_kpus=settings.max_kpus,
        auto_scaling_enabled=settings.auto_scaling,
        checkpoint_interval=Duration.seconds(settings.checkpoint_interval_seconds),
        log_level=LogLevel(settings.log_level),
        log_retention=log_retention(settings.log_retention_days),
        metrics_level=MetricsLevel(settings.metrics_level),
        property_groups=settings.properties,
        removal_policy=environment.removal_policy,
    )
    if settings.auto_scaling and settings.max_parallelism is not None:
        props["max_parallelism"] = settings.max_parallelism
    if settings.maintenance_window_start_time is not None:
        props["maintenance_window_start_time"] = settings.maintenance_window_start_time
    if network is not None:
        props["vpc"] = network.vpc
        props["vpc_subnets"] = network.application_subnets
    if environment.network.vpc_id is not None:
        # It may have a way to the internet.
        props["outbound_ports"] = settings.outbound_ports
    return PyFlinkApplication(scope, construct_id, code=_code(scope, construct_id, settings.code), **props)


def _code(scope: Construct, construct_id: str, settings: CodeSettings) -> ApplicationCode:
    prebuilt = scope.node.try_get_context(PREBUILT_PACKAGE)
    if prebuilt is not None:
        return ApplicationCode.from_asset(prebuilt, entry_point=settings.entry_point)
    if settings.folder is not None:
        return ApplicationCode.from_pyflink_folder(REPOSITORY / settings.folder, entry_point=settings.entry_point)
    if settings.package is not None:
        return ApplicationCode.from_asset(REPOSITORY / settings.package, entry_point=settings.entry_point)
    return ApplicationCode.from_bucket(
        s3.Bucket.from_bucket_name(scope, f"{construct_id}Code", str(settings.bucket)),
        str(settings.object_key),
        object_version=settings.object_version,
        pyflink=PyFlinkLayout(entry_point=settings.entry_point),
    )
