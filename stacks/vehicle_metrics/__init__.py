"""The vehicle job's infrastructure: its pipeline and its dashboard. The job is in ``flink_app/vehicle_metrics``."""
