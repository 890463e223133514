"""Set-up of a table environment. What a job may set in code on MSF is set here, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyflink.table import TableEnvironment


def job_configuration(name: str, *, max_parallelism: int, state_ttl_ms: int) -> dict[str, str]:
    """Flink options of a job. State backend, checkpoints and parallelism are the application's, not the code's."""
    return {
        "pipeline.name": name,
        "pipeline.max-parallelism": str(max_parallelism),
        # Rows are handed on inside a task without a copy: no operator of these jobs keeps or changes its input.
        "pipeline.object-reuse": "true",
        # No Kryo: a type that Flink does not know fails the job at its start.
        "pipeline.generic-types": "false",
        "table.exec.state.ttl": f"{state_ttl_ms} ms",
        # Windows are aligned to the epoch in UTC, wherever the job runs.
        "table.local-time-zone": "UTC",
    }


def configure(environment: TableEnvironment, options: Mapping[str, str]) -> None:
    """Apply options, one by one, so that a refused one is named in the error."""
    for key, value in options.items():
        environment.get_config().set(key, value)


def with_clause(options: Mapping[str, str]) -> str:
    """``WITH (...)`` of a table; quotes in a value are doubled, as SQL wants them."""
    quoted = (f"'{_escape(key)}' = '{_escape(value)}'" for key, value in sorted(options.items()))
    return "WITH (" + ", ".join(quoted) + ")"


def _escape(text: str) -> str:
    return text.replace("'", "''")
