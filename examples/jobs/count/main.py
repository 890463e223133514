"""A job without a line of Java: it makes clicks, and prints how many each page had in ten seconds."""

from __future__ import annotations

from pyflink.table import EnvironmentSettings, TableEnvironment

CLICKS = """
    CREATE TABLE clicks (
        page INT,
        clicked_at AS PROCTIME()
    ) WITH ('connector' = 'datagen', 'rows-per-second' = '10', 'fields.page.min' = '1', 'fields.page.max' = '5')
"""
COUNTS = """
    CREATE TABLE counts (page INT, window_end TIMESTAMP(3), clicks BIGINT) WITH ('connector' = 'print')
"""
COUNT = """
    INSERT INTO counts
    SELECT page, window_end, COUNT(*)
    FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(clicked_at), INTERVAL '10' SECOND))
    GROUP BY page, window_start, window_end
"""


def main() -> None:
    """Submit the job; MSF keeps it running."""
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.execute_sql(CLICKS)
    tables.execute_sql(COUNTS)
    tables.execute_sql(COUNT)


if __name__ == "__main__":
    main()
