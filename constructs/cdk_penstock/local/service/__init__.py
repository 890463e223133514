"""A local Managed Service for Apache Flink: its API, on loopback, over real Flink."""
