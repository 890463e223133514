"""What a created and an imported application have in common: identity, metrics and grants."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.metric_options import MetricOptions
from cdk_penstock.model import metrics
from cdk_penstock.model.names import METRICS_NAMESPACE, SERVICE_PRINCIPAL

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from constructs import IConstruct, IDependable

    from cdk_penstock.model.deployment import Revision
    from cdk_penstock.model.metrics import ApplicationMetric
    from cdk_penstock.model.runtimes import FlinkRuntime

__all__ = ("FlinkApplicationBase", "KeyInPlace", "MetricOptions", "application_arn")


def application_arn(scope: Construct, application_name: str) -> str:
    """Return the ARN of an application in the scope's account and Region, which CloudFormation does not return."""
    service = SERVICE_PRINCIPAL.partition(".")[0]
    return Stack.of(scope).format_arn(service=service, resource="application", resource_name=application_name)


@dataclass(frozen=True, kw_only=True)
class KeyInPlace:
    """The customer managed key that a deployment puts an application under, and the update that does it.

    Parameters
    ----------
    key_arn
        The key.
    update
        What puts the application under it.
    closed_key
        The key before it, if this deployment closes it.
    """

    key_arn: str
    update: IDependable
    closed_key: IConstruct | None = None


class FlinkApplicationBase(Construct):
    """The part of an application that needs no more than its name and its runtime."""

    _application_name: str

    def __init__(self, scope: Construct, construct_id: str, *, runtime: FlinkRuntime) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._key_in_place: KeyInPlace | None = None
        self._is_started = False
        self._run_dependencies = DependencyGroup()

    @property
    @abstractmethod
    def execution_role(self) -> iam.IRole | None:
        """The role that the job runs as, None where it is not known."""

    @property
    @abstractmethod
    def grant_principal(self) -> iam.IPrincipal:
        """Who gets what the application is granted."""

    @property
    @abstractmethod
    def connections(self) -> ec2.Connections:
        """The network connections of the job."""

    @property
    def key_in_place(self) -> KeyInPlace | None:
        """The customer managed key that the deployment puts the application under, None for the AWS-owned one."""
        return self._key_in_place

    @property
    def revision(self) -> str:
        """A text that changes whenever the deployment changes the application; empty for an imported one."""
        return ""

    @property
    def expected(self) -> Revision | None:
        """Code and runtime as the template has them when it is written, None for an imported application."""
        return None

    def put_key_in_place(self, key: KeyInPlace) -> None:
        """Record the key; raise ApplicationPropsError as refuse_another_key does."""
        self.refuse_another_key()
        self._key_in_place = key

    def refuse_another_key(self) -> None:
        """Raise ApplicationPropsError where there is a key already, and after the start."""
        if self._key_in_place is not None:
            message = f"application {self.node.path} has a customer managed key already: give it one encryption"
            raise ApplicationPropsError(message)
        if self._is_started:
            message = (
                f"application {self.node.path} is started before its key is in place, so that it would write data under"
                " the AWS-owned key: create the encryption before the start"
            )
            raise ApplicationPropsError(message)

    def record_start(self) -> None:
        """Record that the deployment starts the application; raise ApplicationPropsError for a second start."""
        if self._is_started:
            message = f"application {self.node.path} is started already: give it one start"
            raise ApplicationPropsError(message)
        self._is_started = True

    @property
    def run_dependencies(self) -> IDependable:
        """What is there before the job starts, and until it has stopped; ``add_run_dependency`` adds to it."""
        return self._run_dependencies

    def add_run_dependency(self, *constructs: IConstruct | None) -> None:
        """Record what the job needs while it runs and the application's template does not refer to.

        That is a rule of a security group, an endpoint, a role in a domain; also after the start was made. None, and
        what is in another stack, is passed over: stacks are ordered by what they refer to, and one more dependency
        might close a circle.
        """
        stack = Stack.of(self).node.path
        for each in constructs:
            if each is not None and Stack.of(each).node.path == stack:
                self._run_dependencies.add(each)

    @property
    def application_name(self) -> str:
        """The physical name."""
        return self._application_name

    @property
    def application_arn(self) -> str:
        """The Amazon Resource Name."""
        return application_arn(self, self.application_name)

    @property
    def runtime(self) -> FlinkRuntime:
        """The Flink runtime, which decides on metrics and capabilities."""
        return self._runtime

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow the grantee these actions, such as ``kinesisanalytics:DescribeApplication``, on this application."""
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.application_arn])

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this application; by default its average over five minutes."""
        dimensions = {"Application": self.application_name} | options.get("dimensions_map", {})
        options = options | MetricOptions(dimensions_map=dimensions)
        return cloudwatch.Metric(namespace=METRICS_NAMESPACE, metric_name=name, **options).attach_to(self)

    def metric_restarts(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Restarts of the job since it was started: ``fullRestarts``, from Flink 2.2 on ``numRestarts``."""
        return self.metric(self.runtime.restart_metric, **(MetricOptions(statistic="Maximum") | options))

    def metric_uptime(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds since the job's last failure: ``uptime``, from Flink 2.2 on ``runningTime``."""
        return self.metric(self.runtime.uptime_metric, **(MetricOptions(statistic="Maximum") | options))

    def metric_downtime(self, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Milliseconds that the job has not processed: ``downtime``, from Flink 2.2 on the sum of what replaced it."""
        parts = [self.metric(name, **options) for name in self.runtime.downtime_metrics]
        if len(parts) == 1:
            return parts[0]
        return cloudwatch.MathExpression(
            expression=" + ".join(f"m{i}" for i in range(len(parts))),
            using_metrics={f"m{i}": part for i, part in enumerate(parts)},
            label=options.get("label", "downtime"),
            period=options.get("period"),
        )

    def metric_kpus(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """KPUs, the orchestration one included; one sample an hour."""
        return self._metric(metrics.KPUS, options)

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """CPU use of the task managers, in percent."""
        return self._metric(metrics.CPU_UTILIZATION, options)

    def metric_container_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """CPU use of the containers, in percent; autoscaling acts on it."""
        return self._metric(metrics.CONTAINER_CPU_UTILIZATION, options)

    def metric_container_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Memory use of the containers, in percent."""
        return self._metric(metrics.CONTAINER_MEMORY_UTILIZATION, options)

    def metric_heap_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """JVM heap use, in percent."""
        return self._metric(metrics.HEAP_MEMORY_UTILIZATION, options)

    def metric_old_generation_gc_time(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds spent collecting the old generation."""
        return self._metric(metrics.OLD_GENERATION_GC_TIME, options)

    def metric_threads(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Live threads."""
        return self._metric(metrics.THREADS, options)

    def metric_last_checkpoint_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds that the last checkpoint took."""
        return self._metric(metrics.LAST_CHECKPOINT_DURATION, options)

    def metric_last_checkpoint_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Bytes of the last checkpoint."""
        return self._metric(metrics.LAST_CHECKPOINT_SIZE, options)

    def metric_failed_checkpoints(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Failed checkpoints since the job was started; alarm on its rate."""
        return self._metric(metrics.FAILED_CHECKPOINTS, options)

    def metric_records_in_per_second(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that came in, per second."""
        return self._metric(metrics.RECORDS_IN_PER_SECOND, options)

    def metric_records_out_per_second(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that went out, per second."""
        return self._metric(metrics.RECORDS_OUT_PER_SECOND, options)

    def metric_late_records_dropped(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that a window dropped because they came too late."""
        return self._metric(metrics.LATE_RECORDS_DROPPED, options)

    def metric_kinesis_lag(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds that the job is behind the newest record of its Kinesis stream."""
        return self._metric(metrics.KINESIS_LAG, options)

    def metric_kafka_lag(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that the job is behind the newest of its Kafka partitions, in the partition with most."""
        return self._metric(metrics.KAFKA_LAG, options)

    def _metric(self, metric: ApplicationMetric, options: MetricOptions) -> cloudwatch.Metric:
        return self.metric(metric.name, **(MetricOptions(statistic=metric.statistic.value) | options))
