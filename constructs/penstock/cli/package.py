"""``penstock package``: build and check the code archive of a PyFlink job."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from penstock.model.runtimes import FlinkRuntime
from penstock.packaging import CodeArchive, PyFlinkProject, build_package, check_archive

__all__ = ("package_command",)

_MIB = 1024 * 1024


def package_command(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A job's folder to build, or a .zip or .jar to check.")
    ],
    *,
    runtime: Annotated[str, typer.Option(help="The MSF runtime, for example FLINK-1_20.")] = "FLINK-1_20",
    output: Annotated[Path | None, typer.Option(help="Copy the archive here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Build the archive of a PyFlink job, check what MSF would refuse, and show content, sizes and hash."""
    target = FlinkRuntime.of(runtime)
    reused = False
    if source.is_dir():
        package = build_package(PyFlinkProject(source), runtime=target)
        path, reused = package.path, package.reused
        archive = CodeArchive.open(path)
    else:
        path = source
        archive = CodeArchive.open(path)
        check_archive(archive, runtime=target)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, output)
    shown = output or path
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if as_json:
        fields = {"path": str(shown), "sha256": sha256, "sizeBytes": archive.size_bytes, "runtime": target.identifier}
        typer.echo(json.dumps({**fields, "reused": reused, "entries": dict(archive.entries)}, indent=2))
        return
    console = Console()
    console.print(_table(archive))
    console.print(f"{shown}  {archive.size_bytes / _MIB:.1f} MiB, {'unchanged' if reused else 'built and checked'}")
    console.print(f"sha256 {sha256}", soft_wrap=True)


def _table(archive: CodeArchive) -> Table:
    sizes: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for name, size in archive.entries.items():
        parts = name.split("/")
        shown = name if len(parts) == 1 or parts[0] == "lib" else f"{parts[0]}/{parts[1]}/"
        sizes[shown] += size
        counts[shown] += 1
    table = Table("content", "files", "bytes")
    for column in table.columns[1:]:
        column.justify = "right"
    for shown in sorted(sizes):
        table.add_row(shown, str(counts[shown]), f"{sizes[shown]:,}")
    return table
