"""The KPUs that the metric of that name counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from tools.account_questions.account import ExperimentError
from tools.account_questions.experiment import Answer, Experiment
from tools.account_questions.experiments.application import described

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("KpuMetric",)


class KpuMetric(Experiment):
    """Compares the metric of a running application with its parallelism."""

    name = "kpu-metric"
    question = "Does the metric KPUs include the KPU for orchestration?"
    needs = ("application",)
    answers: ClassVar = {
        "yes": "the thresholds in application/kpu_alarm.py stay as they are",
        "no": "the thresholds in application/kpu_alarm.py must be one lower",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:  # noqa: ARG002 - makes nothing
        """Read the newest value of the last three hours."""
        flink = described(account)["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
        parallelism = flink["ParallelismConfigurationDescription"]
        kpus = -(-parallelism["CurrentParallelism"] // parallelism["ParallelismPerKPU"])
        end = datetime.fromtimestamp(account.now(), UTC)
        points = account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/KinesisAnalytics",
            MetricName="KPUs",
            Dimensions=[{"Name": "Application", "Value": account.target("application")}],
            StartTime=end - timedelta(hours=3),
            EndTime=end,
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        if not points:
            raise ExperimentError(
                "there is no value of the last three hours: let the application run for two hours and ask again"
            )
        value = max(points, key=lambda point: point["Timestamp"])["Maximum"]
        seen = f"the metric is {value:g}, and {kpus} KPUs run tasks"
        if value == kpus + 1:
            return Answer("yes", seen)
        if value == kpus:
            return Answer("no", seen)
        raise ExperimentError(f"{seen}: ask again two hours after the last change of its parallelism")
