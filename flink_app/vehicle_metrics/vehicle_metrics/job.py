"""Puts the statements into a table environment. What a job may set in code on MSF is set here, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vehicle_metrics.statements import TableOptions, insert_statements, table_statements

if TYPE_CHECKING:
    from pyflink.table import StatementSet, TableEnvironment

    from vehicle_metrics.settings import JobSettings, VehicleSettings


def job_configuration(name: str, job: JobSettings) -> dict[str, str]:
    """Flink options of the job. State backend, checkpoints and parallelism are the application's, not the code's."""
    return {
        "pipeline.name": name,
        "pipeline.max-parallelism": str(job.max_parallelism),
        # Rows are handed on inside a task without a copy: no operator of these jobs keeps or changes its input.
        "pipeline.object-reuse": "true",
        # No Kryo: a type that Flink does not know fails the job at its start.
        "pipeline.generic-types": "false",
        "table.exec.state.ttl": f"{job.state_ttl_ms} ms",
        # Windows are aligned to the epoch in UTC, wherever the job runs.
        "table.local-time-zone": "UTC",
    }


def configure(environment: TableEnvironment, options: dict[str, str]) -> None:
    """Apply options, one by one, so that a refused one is named in the error."""
    for key, value in options.items():
        environment.get_config().set(key, value)


def table_options(settings: VehicleSettings) -> TableOptions:
    """The tables as they are when deployed: Kafka in, Prometheus and Kafka out."""
    return TableOptions(
        events=settings.events.options(),
        models=settings.models.options(),
        metrics=settings.prometheus.options(),
        dead_letters=settings.dead_letter_options(),
    )


def vehicle_statements(
    environment: TableEnvironment, options: TableOptions, window_seconds: int, out_of_orderness_ms: int
) -> StatementSet:
    """Create the tables and views, and return both inserts as one job."""
    for statement in table_statements(options, window_seconds, out_of_orderness_ms):
        environment.execute_sql(statement)
    statements = environment.create_statement_set()
    for statement in insert_statements(window_seconds):
        statements.add_insert_sql(statement)
    return statements
