"""PackagingError, the error of packaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PackagingError(PenstockError):
    """Code of a job that cannot be built, or that MSF or Flink would refuse."""

    @classmethod
    def of_problems(cls, path: Path | str, problems: Sequence[str], *, verdict: str = "would not run") -> Self:
        """Return one error that lists every problem, so that none hides behind another."""
        return cls("\n".join([f"{path} {verdict}:", *(f"  - {problem}" for problem in problems)]))
