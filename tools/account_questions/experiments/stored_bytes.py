"""The bytes of a record on the brokers, after the producers' compression."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from tools.account_questions.account import ExperimentError, pages
from tools.account_questions.experiment import Answer, Experiment

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("StoredBytes",)


class StoredBytes(Experiment):
    """Divides the bytes that came in by the records that came in."""

    name = "stored-bytes"
    question = "How many bytes does a record use on the brokers of this cluster, and how many records arrive a second?"
    needs = ("cluster",)
    answers: ClassVar = {
        "measured": "load of [events], expected_load of a KafkaTopic: bytes of an event by its compression ratio",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:  # noqa: ARG002 - makes nothing
        """Read both rates of the last day from each broker."""
        bytes_a_second, records_a_second = (self._rate(account, name) for name in ("BytesInPerSec", "MessagesInPerSec"))
        if not records_a_second:
            raise ExperimentError("no records came in during the last day: ask again when the cluster is used")
        return Answer(
            "measured",
            f"{bytes_a_second / records_a_second:.1f} bytes a record, {records_a_second:,.0f} records a second",
        )

    @staticmethod
    def _rate(account: Account, metric: str) -> float:
        """Return the sum over all brokers of a metric's mean."""
        cloudwatch = account.client("cloudwatch")
        cluster = {"Name": "Cluster Name", "Value": account.target("cluster")}
        listed = pages(cloudwatch.list_metrics, Namespace="AWS/Kafka", MetricName=metric, Dimensions=[cluster])
        end = datetime.fromtimestamp(account.now(), UTC)
        total = 0.0
        for each in (metric for page in listed for metric in page["Metrics"]):
            if {dimension["Name"] for dimension in each["Dimensions"]} != {"Cluster Name", "Broker ID"}:
                continue
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/Kafka",
                MetricName=metric,
                Dimensions=each["Dimensions"],
                StartTime=end - timedelta(days=1),
                EndTime=end,
                Period=86_400,
                Statistics=["Average"],
            )["Datapoints"]
            total += max((point["Average"] for point in points), default=0.0)
        return total
