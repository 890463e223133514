"""The common part of created and imported applications: identity, metrics and grants."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_penstock.application.application_deployment import ApplicationDeployment
from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric, with_defaults
from cdk_penstock.foundation.physical_names import choose_name
from cdk_penstock.model.metrics import msf_metric
from cdk_penstock.model.names import METRICS_NAMESPACE, SERVICE_PRINCIPAL, check_application_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from constructs import IConstruct

    from cdk_penstock.application.application_network import ApplicationNetwork
    from cdk_penstock.model.deployment import Revision
    from cdk_penstock.model.runtimes import FlinkRuntime

_MAX_NAME_CHARACTERS: Final = 128


def application_arn(scope: Construct, application_name: str) -> str:
    """Return the ARN of an application in the scope's account and Region, which CloudFormation does not return."""
    service = SERVICE_PRINCIPAL.partition(".")[0]
    return Stack.of(scope).format_arn(service=service, resource="application", resource_name=application_name)


class FlinkApplicationBase(Construct):
    """The part of an application that needs no more than its name and its runtime."""

    def __init__(
        self, scope: Construct, construct_id: str, *, application_name: str | None, runtime: FlinkRuntime
    ) -> None:
        super().__init__(scope, construct_id)
        self._application_name = choose_name(
            self,
            application_name,
            "application_name",
            check_application_name,
            max_length=_MAX_NAME_CHARACTERS,
            effect="replaces the application and loses its snapshots",
        )
        self._runtime = runtime
        self.deployment = ApplicationDeployment(self)

    @property
    @abstractmethod
    def execution_role(self) -> iam.IRole | None:
        """The role that the job runs as, None where it is not known."""

    @property
    @abstractmethod
    def grant_principal(self) -> iam.IPrincipal:
        """The principal that gets what the application is granted."""

    @property
    @abstractmethod
    def connections(self) -> ec2.Connections:
        """The network connections of the job."""

    @property
    def network(self) -> ApplicationNetwork | None:
        """The job's subnets and security groups, None without a VPC and for an imported application."""
        return None

    @property
    def template_dependencies(self) -> Sequence[IConstruct]:
        """The application and its logging option where this app creates them; empty for an imported application."""
        return ()

    @property
    def arn_by_reference(self) -> str:
        """The ARN, with a reference to the application where this app creates it, so that its user comes after it."""
        return self.application_arn

    @property
    def sets_key_in_template(self) -> bool:
        """True if the application's own template says which key it is under."""
        return False

    @property
    def revision(self) -> str:
        """A text that changes whenever the deployment changes the application; empty for an imported one."""
        return ""

    @property
    def expected(self) -> Revision | None:
        """Code and runtime as the template has them when it is written, None for an imported application."""
        return None

    def create_after(self, construct: IConstruct) -> None:
        """Let the application be created after a construct; an imported application is there already."""

    def add_run_dependency(self, *constructs: IConstruct | None) -> None:
        """Record what the job needs while it runs and the application's template does not refer to.

        That is a rule of a security group, an endpoint, a role in a domain; also after the start was made. None, and
        a construct of another stack, is passed over: stacks are ordered by what they refer to, and one more dependency
        might close a circle.
        """
        self.deployment.add_run_dependencies(constructs)

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
        dimensions = {"Application": self.application_name}
        return build_metric(self, METRICS_NAMESPACE, name, dimensions=dimensions, options=options)

    def metric_restarts(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Restarts of the job since it was started: ``fullRestarts``, from Flink 2.2 on ``numRestarts``."""
        return self.metric(
            *msf_metric("fullRestarts").names_on(self.runtime), **(MetricOptions(statistic="Maximum") | options)
        )

    def metric_uptime(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds since the job's last failure: ``uptime``, from Flink 2.2 on ``runningTime``."""
        return self.metric(
            *msf_metric("uptime").names_on(self.runtime), **(MetricOptions(statistic="Maximum") | options)
        )

    def metric_downtime(self, **options: Unpack[MetricOptions]) -> cloudwatch.IMetric:
        """Milliseconds that the job has not processed: ``downtime``, from Flink 2.2 on the sum of what replaced it."""
        parts = [self.metric(name, **options) for name in msf_metric("downtime").names_on(self.runtime)]
        if len(parts) == 1:
            return parts[0]
        return cloudwatch.MathExpression(
            expression=" + ".join(f"m{i}" for i in range(len(parts))),
            using_metrics={f"m{i}": part for i, part in enumerate(parts)},
            label=options.get("label", "downtime"),
            period=options.get("period"),
        )

    def metric_kinesis_lag(self, *, stream_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds that the job is behind the newest record of a Kinesis stream: ``millisBehindLatest``.

        MSF sends it for each stream that the job reads.
        """
        of_stream = {"Flow": "Input", "Id": stream_name}
        return self.metric("millisBehindLatest", **with_defaults(options, statistic="Maximum", dimensions=of_stream))

    metric_kpus = MetricMethod("KPUs", "Maximum", "KPUs, the orchestration one included; one sample an hour.")
    metric_cpu_utilization = MetricMethod("cpuUtilization", "Maximum", "CPU use of the task managers, in percent.")
    metric_container_cpu_utilization = MetricMethod(
        "containerCPUUtilization", "Maximum", "CPU use of the containers, in percent; autoscaling acts on it."
    )
    metric_container_memory_utilization = MetricMethod(
        "containerMemoryUtilization", "Maximum", "Memory use of the containers, in percent."
    )
    metric_heap_memory_utilization = MetricMethod("heapMemoryUtilization", "Maximum", "JVM heap use, in percent.")
    metric_old_generation_gc_time = MetricMethod(
        "oldGenerationGCTime", "Maximum", "Milliseconds spent collecting the old generation."
    )
    metric_threads = MetricMethod("threadsCount", "Maximum", "Live threads.")
    metric_last_checkpoint_duration = MetricMethod(
        "lastCheckpointDuration", "Maximum", "Milliseconds that the last checkpoint took."
    )
    metric_last_checkpoint_size = MetricMethod("lastCheckpointSize", "Maximum", "Bytes of the last checkpoint.")
    metric_failed_checkpoints = MetricMethod(
        "numberOfFailedCheckpoints", "Average", "Failed checkpoints since the job was started; alarm on its rate."
    )
    metric_records_in_per_second = MetricMethod("numRecordsInPerSecond", "Average", "Records that came in, per second.")
    metric_records_out_per_second = MetricMethod(
        "numRecordsOutPerSecond", "Average", "Records that went out, per second."
    )
    metric_late_records_dropped = MetricMethod(
        "numLateRecordsDropped", "Maximum", "Records that a window dropped because they came too late."
    )
    metric_kafka_lag = MetricMethod(
        "records_lag_max",
        "Maximum",
        "Records that the job is behind the newest of its Kafka partitions, in the partition with most.",
    )
