"""``penstock package``: build and check the code archive of a PyFlink job."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cdk_penstock.cli.arguments import JsonOption, check_writable
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.model.runtimes import FlinkRuntime, UnknownRuntimeError
from cdk_penstock.packaging import (
    CodeArchive,
    PackagingError,
    PyFlinkProject,
    build_package,
    check_archive,
    check_entry_point,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_MIB = 1024 * 1024


def _source(value: Path) -> Path:
    if not value.is_dir():
        try:
            CodeArchive.check_path(value)
        except PackagingError as error:
            raise typer.BadParameter(str(error)) from error
    return value


def _runtime(value: str) -> str:
    try:
        FlinkRuntime.named(value)
    except UnknownRuntimeError as error:
        raise typer.BadParameter(str(error)) from error
    return value


def package_command(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", callback=_source, help="A job's folder to build, or a .zip or .jar to check."),
    ],
    *,
    runtime: Annotated[
        str, typer.Option(callback=_runtime, help="The MSF runtime, for example FLINK-1_20 or 1.20.")
    ] = "FLINK-1_20",
    entry_point: Annotated[
        str | None, typer.Option(help="The Python file with the job. Default: check every file at the top.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Copy the archive to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Build the archive of a PyFlink job, check it as MSF would, and show content, sizes and hash."""
    target = FlinkRuntime.named(runtime)
    if output is not None:
        _check_output(output, source)
    done, passed_over = "checked", list[str]()
    if source.is_dir():
        project = PyFlinkProject(source)
        if entry_point is not None:
            project.check_entry_point(entry_point)
        progress = ConsoleProgress(new_console(stderr=True))
        progress.stage(f"build and check the package of {source}")
        try:
            package = build_package(project, runtime=target)
            progress.done()
        finally:
            progress.stop()
        archive, passed_over = CodeArchive.open(package.path), project.passed_over
        if entry_point is not None:
            check_entry_point(archive, runtime=target, entry_point=entry_point, shown_as=source)
        done = "unchanged" if package.reused else "built and checked"
    else:
        archive = CodeArchive.open(source)
        check_archive(archive, runtime=target, entry_point=entry_point)
    if output is not None:
        _copy(archive.path, output)
    shown = output or archive.path
    sha256 = hashlib.sha256(archive.path.read_bytes()).hexdigest()
    if as_json:
        fields = {"path": str(shown), "sha256": sha256, "sizeBytes": archive.size_bytes, "runtime": target.identifier}
        more = {"reused": done == "unchanged", "entries": dict(archive.entries), "passedOver": list(passed_over)}
        print_json({**fields, **more})
        return
    _show(archive, shown, done, sha256, passed_over)


def _check_output(output: Path, source: Path) -> None:
    if output.is_dir():
        raise typer.BadParameter(
            f"--output names the folder {output}, expected a file: for example --output {output / 'job.zip'}"
        )
    if output.exists() and source.exists() and output.samefile(source):
        raise typer.BadParameter(
            f"--output names {source} itself, the archive to check: leave out --output, or name another file"
        )
    check_writable(output)


def _copy(path: Path, output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, output)
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PackagingError(
            f"cannot write --output {output} ({reason}): name a file in a folder that you may write to"
        ) from error


def _show(archive: CodeArchive, shown: Path, done: str, sha256: str, passed_over: Sequence[str]) -> None:
    console = new_console()
    console.print(_table(archive))
    if passed_over:
        console.print(f"not packed: {', '.join(passed_over)}", soft_wrap=True)
    console.print(f"{shown}  {archive.size_bytes / _MIB:.1f} MiB, {done}", soft_wrap=True)
    console.print(f"sha256 {sha256}", soft_wrap=True)


def _table(archive: CodeArchive) -> Table:
    sizes: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for name, size in archive.entries.items():
        shown = _row(name)
        sizes[shown] += size
        counts[shown] += 1
    table = Table("content", "files", "bytes")
    for column in table.columns[1:]:
        column.justify = "right"
    for shown in sorted(sizes):
        table.add_row(shown, str(counts[shown]), f"{sizes[shown]:,}")
    return table


def _row(name: str) -> str:
    """Return the row of a file in the table: its own at the top, otherwise that of its folder below ``dep/``."""
    first, *rest = name.split("/")
    return f"{first}/{rest[0]}/" if len(rest) > 1 and first != "lib" else name
