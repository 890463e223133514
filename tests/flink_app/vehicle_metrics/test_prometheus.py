"""The prometheus connector at the end of the SQL, writing to an endpoint in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from events import MODELS, START_MS, record
from remote_write import endpoint

from vehicle_metrics_scenario.oracle import expect

if TYPE_CHECKING:
    from pipeline import Pipeline

RECORDS = [
    record(event_type, f"V{vehicle}", region, at_ms=step * 700, value=(step * vehicle) % 4)
    for step in range(80)
    for event_type in ("IC_RPM", "WARNINGS")
    for vehicle, region in ((1, "US"), (2, "US"), (3, "Brazil"), (9, "S\u00e3o Paulo"))
]


def test_samples_reach_the_endpoint_in_order_also_when_it_refuses_at_first(pipeline: Pipeline) -> None:
    with endpoint([503, 429]) as prometheus:
        options = {"connector": "prometheus", "url": prometheus.url, "batch.max-samples": "7", "label.stage": "test"}
        pipeline.run([RECORDS], MODELS, parallelism=2, metrics=options)
    found = {}
    for labels, points in prometheus.samples.items():
        assert list(labels) == sorted(labels)
        assert points == sorted(points), f"samples of {labels} are out of order"
        names = dict(labels)
        assert names["stage"] == "test"
        for timestamp_ms, value in points:
            found[names["__name__"], names["model"], names["region"], timestamp_ms] = value
    assert found == expect(RECORDS, MODELS).samples
    assert min(point[3] for point in found) == START_MS + 5_000


def test_an_endpoint_that_is_not_there_fails_the_job(pipeline: Pipeline) -> None:
    with endpoint([404] * 100) as prometheus, pytest.raises(Exception, match="check remote.write.url") as error:
        pipeline.run([RECORDS[:10]], MODELS, metrics={"connector": "prometheus", "url": prometheus.url})
    assert "got status 404" in str(error.value)
