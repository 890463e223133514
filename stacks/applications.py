"""An application of an environment's file, as the library's construct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import (
    ApplicationCode,
    FlinkRuntime,
    LogLevel,
    MetricsLevel,
    PyFlinkApplication,
    PyFlinkLayout,
)
from stacks.log_retention import log_retention
from stacks.workloads import REPOSITORY, job_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs import Construct

    from cdk_penstock.application import FlinkApplicationProps
    from cdk_penstock.network import IApplicationVpc
    from stacks.environment import ApplicationSettings, CodeSettings, Environment

PREBUILT_PACKAGE: Final = "package"
"""Context key with a zip that is built already, for synthesis without Java and Maven: ``-c package=job.zip``."""
PREBUILT_WORKLOAD: Final = "workload"
"""Context key with the workload of that zip: the jobs of other workloads are built. Default: it is for all."""

_PROPS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "name": ("application_name", str),
    "runtime": ("runtime", FlinkRuntime.of),
    "parallelism": ("parallelism", int),
    "parallelism_per_kpu": ("parallelism_per_kpu", int),
    "max_kpus": ("max_kpus", int),
    "auto_scaling": ("auto_scaling_enabled", bool),
    "checkpoint_interval_seconds": ("checkpoint_interval", Duration.seconds),
    "log_level": ("log_level", LogLevel),
    "log_retention_days": ("log_retention", log_retention),
    "metrics_level": ("metrics_level", MetricsLevel),
    "maintenance_window_start_time": ("maintenance_window_start_time", str),
    "properties": ("property_groups", dict),
}
"""The library's property of each key of a file, and how its value is converted."""


def build_application(
    scope: Construct,
    construct_id: str,
    settings: ApplicationSettings,
    *,
    environment: Environment,
    network: IApplicationVpc | None,
) -> PyFlinkApplication:
    """Return the application that the settings describe; what they leave out has the library's default."""
    given = {
        prop: convert(value)
        for name, (prop, convert) in _PROPS.items()
        if (value := getattr(settings, name)) is not None
    }
    props = cast("FlinkApplicationProps", given)
    props["description"] = f"{construct_id}, {environment.name}"
    props["removal_policy"] = environment.removal_policy
    if network is not None:
        props["vpc"] = network.vpc
        props["vpc_subnets"] = network.application_subnets
    if settings.max_parallelism is not None:
        props["max_parallelism"] = settings.max_parallelism
    if environment.network.vpc_id is not None:
        # It may have a way to the internet.
        props["outbound_ports"] = settings.outbound_ports
    code = _code(scope, construct_id, settings.code, workload=environment.workload)
    application = PyFlinkApplication(scope, construct_id, code=code, **props)
    if settings.deploy_command:
        application.allow_deployed_code()
    return application


def _code(scope: Construct, construct_id: str, settings: CodeSettings, *, workload: str) -> ApplicationCode:
    prebuilt = scope.node.try_get_context(PREBUILT_PACKAGE)
    if prebuilt is not None and scope.node.try_get_context(PREBUILT_WORKLOAD) in {None, workload}:
        return ApplicationCode.from_asset(prebuilt, entry_point=settings.entry_point)
    if settings.folder is not None or settings.is_of_the_workload:
        folder = REPOSITORY / (settings.folder or job_folder(workload))
        return ApplicationCode.from_pyflink_folder(folder, entry_point=settings.entry_point)
    if settings.package is not None:
        return ApplicationCode.from_asset(REPOSITORY / settings.package, entry_point=settings.entry_point)
    return ApplicationCode.from_bucket(
        s3.Bucket.from_bucket_name(scope, f"{construct_id}Code", str(settings.bucket)),
        str(settings.object_key),
        object_version=settings.object_version,
        pyflink=PyFlinkLayout(entry_point=settings.entry_point),
    )
