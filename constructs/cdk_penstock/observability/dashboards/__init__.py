"""Dashboards as code; importing one imports grafana-foundation-sdk."""
