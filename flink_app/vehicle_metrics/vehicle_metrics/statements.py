"""The SQL of the vehicle job: four tables, four views, two inserts.

Tables take the options of their connector from outside, so that the same statements run on Kafka and Prometheus, on
files, and on the small collections of a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flink_job.tables import with_clause

if TYPE_CHECKING:
    from collections.abc import Mapping

# The latest report of a vehicle is the greatest of (milliseconds into the window) * 2^32 + (number of warnings), so
# that a maximum finds it in any order of arrival. Of reports of one millisecond the greater number wins.
_LATEST_BASE = 2**32


@dataclass(frozen=True)
class TableOptions:
    """Connector options of each table."""

    events: Mapping[str, str]
    models: Mapping[str, str]
    metrics: Mapping[str, str]
    dead_letters: Mapping[str, str]


def table_statements(options: TableOptions, window_seconds: int, out_of_orderness_ms: int) -> list[str]:
    """CREATE TABLE and CREATE VIEW, in order of use."""
    window = _interval(window_seconds * 1000)
    guarded = {key: value for key, value in options.events.items() if key != "connector"} | {
        "connector": "guarded",
        "guard.connector": options.events["connector"],
        "guard.window": f"{window_seconds} s",
    }
    return [
        f"""
        CREATE TEMPORARY TABLE events (
            eventType STRING,
            vehicleId STRING,
            region STRING,
            `timestamp` BIGINT,
            measurement BIGINT,
            shard INT,
            payload STRING,
            reason STRING,
            event_time AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
            WATERMARK FOR event_time AS event_time - {_interval(out_of_orderness_ms)}
        ) {with_clause(guarded)}
        """,
        f"""
        CREATE TEMPORARY TABLE vehicle_models (
            vehicleId STRING,
            `model` STRING
        ) {with_clause(options.models)}
        """,
        f"""
        CREATE TEMPORARY TABLE metrics (
            `model` STRING,
            region STRING,
            vehicles_in_motion DOUBLE,
            warnings DOUBLE,
            `time` TIMESTAMP_LTZ(3)
        ) {with_clause(options.metrics)}
        """,
        f"""
        CREATE TEMPORARY TABLE dead_letters (
            reason STRING,
            payload STRING
        ) {with_clause(options.dead_letters)}
        """,
        """
        CREATE TEMPORARY VIEW accepted_events AS
        SELECT * FROM events WHERE reason IS NULL
        """,
        """
        CREATE TEMPORARY FUNCTION collect_vehicles AS 'io.penstock.flink.states.CollectVehicles' LANGUAGE JAVA
        """,
        f"""
        CREATE TEMPORARY VIEW shards AS
        SELECT
            window_time AS shard_time,
            collect_vehicles(
                vehicleId,
                region,
                CASE WHEN eventType <> 'WARNINGS' THEN CASE WHEN measurement > 0 THEN 1 ELSE 0 END END,
                CASE WHEN eventType = 'WARNINGS'
                    THEN MOD(`timestamp`, {window_seconds * 1000}) * {_LATEST_BASE} + measurement END
            ) AS vehicles
        FROM TABLE(TUMBLE(TABLE accepted_events, DESCRIPTOR(event_time), {window}))
        GROUP BY window_start, window_end, window_time, shard
        """,  # noqa: S608 (only numbers are put in)
        f"""
        CREATE TEMPORARY VIEW vehicles AS
        SELECT
            s.shard_time AS vehicle_time,
            v.vehicleId,
            v.region,
            v.moving,
            MOD(v.report, {_LATEST_BASE}) AS warnings,
            PROCTIME() AS lookup_time
        FROM shards AS s
        CROSS JOIN UNNEST(s.vehicles) AS v (vehicleId, region, moving, report)
        """,  # noqa: S608
        """
        CREATE TEMPORARY VIEW vehicles_with_model AS
        SELECT
            COALESCE(m.`model`, 'unknown') AS `model`,
            v.region,
            v.vehicle_time,
            v.moving,
            v.warnings
        FROM vehicles AS v
        LEFT JOIN vehicle_models FOR SYSTEM_TIME AS OF v.lookup_time AS m ON m.vehicleId = v.vehicleId
        """,
    ]


def insert_statements(window_seconds: int) -> list[str]:
    """INSERT for each of the two outputs.

    A sum over no value is null, and a null metric is no sample: a window without motor events has no
    ``vehicles_in_motion``, one whose motors all stand still has 0.
    """
    window = _interval(window_seconds * 1000)
    return [
        f"""
        INSERT INTO metrics
        SELECT
            `model`,
            region,
            CAST(SUM(moving) AS DOUBLE),
            CAST(SUM(warnings) AS DOUBLE),
            CAST(window_end AS TIMESTAMP_LTZ(3))
        FROM TABLE(TUMBLE(TABLE vehicles_with_model, DESCRIPTOR(vehicle_time), {window}))
        GROUP BY window_start, window_end, `model`, region
        """,  # noqa: S608
        """
        INSERT INTO dead_letters
        SELECT reason, payload FROM events WHERE reason IS NOT NULL
        """,
    ]


def _interval(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"INTERVAL '{hours:02d}:{minutes:02d}:{seconds:02d}.{rest:03d}' HOUR TO SECOND(3)"
