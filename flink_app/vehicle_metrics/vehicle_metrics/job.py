"""The tables and statements of the vehicle job in a table environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vehicle_metrics.statements import TableOptions, insert_statements, table_statements

if TYPE_CHECKING:
    from pyflink.table import StatementSet, TableEnvironment

    from vehicle_metrics.settings import VehicleSettings


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
