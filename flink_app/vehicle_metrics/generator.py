"""Entry point of the fleet generator: property groups in, a topic full of events out."""

from __future__ import annotations

from pyflink.table import EnvironmentSettings, TableEnvironment

from flink_job.properties import load_property_groups
from flink_job.tables import configure
from vehicle_metrics.fleet import GeneratorSettings, generator_statements

JOB_NAME = "vehicle-fleet-generator"


def main() -> None:
    """Submit the generator; it runs until it has made its events, or until it is stopped."""
    settings = GeneratorSettings.of(load_property_groups())
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    configure(environment, settings.job.configuration(JOB_NAME))
    tables, insert = generator_statements(settings.fleet.options(), settings.output_options())
    for table in tables:
        environment.execute_sql(table)
    environment.execute_sql(insert)


if __name__ == "__main__":
    main()
