"""Flink's REST API of jobs that no Flink runs: what a job does is chosen, and its pages show it."""
