"""Entry point of the vehicle job: property groups in, one running job out."""

from __future__ import annotations

from pyflink.table import EnvironmentSettings, TableEnvironment

from flink_job.properties import load_property_groups
from flink_job.tables import configure
from vehicle_metrics.job import table_options, vehicle_statements
from vehicle_metrics.settings import VehicleSettings

JOB_NAME = "vehicle-metrics"


def main() -> None:
    """Submit the job; it runs until it is stopped."""
    settings = VehicleSettings.of(load_property_groups())
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    configure(environment, settings.job.configuration(JOB_NAME))
    vehicle_statements(
        environment, table_options(settings), settings.job.window_seconds, settings.events.out_of_orderness_ms
    ).execute()


if __name__ == "__main__":
    main()
