"""The vehicle job: raw events of a fleet become metrics per model and region, and land in Prometheus."""
