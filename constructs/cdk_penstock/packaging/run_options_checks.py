"""Checks of a code archive against the run options of the application that is to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.packaging.code_archive import CodeArchive

_PATHS = {"jarfile": "jar", "pyFiles": "Python modules", "pyArchives": "archives"}


def find_run_option_problems(archive: CodeArchive, options: Mapping[str, str]) -> Iterator[str]:
    """Yield why MSF would not start the archive with these run options (managed-flink, how-python-creating).

    ``options`` is the property group ``kinesis.analytics.flink.run.options``, empty for a Java job. The entry point is
    checked with the archive itself.
    """
    runs_python = "python" in options or "pyModule" in options
    if runs_python and not archive.is_python:
        yield "it is a jar, but the application runs a Python job: deploy the zip of a PyFlink job"
        return
    if archive.is_python and not runs_python:
        yield (
            f"it is a zip, but the application has no property group {RUN_OPTIONS_GROUP} with the entry point of a"
            " Python job: deploy a jar, or add that group with cdk deploy"
        )
        return
    for option, what in _PATHS.items():
        for path in filter(None, options.get(option, "").split(",")):
            folder = f"{path.rstrip('/')}/"
            if path not in archive.entries and not any(name.startswith(folder) for name in archive.entries):
                yield (
                    f"it lacks {path}, where the application looks for its {what} ({option} of {RUN_OPTIONS_GROUP}):"
                    " put it there, or change the group with cdk deploy"
                )
