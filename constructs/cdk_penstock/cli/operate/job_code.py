"""Code to deploy: a job's folder, an archive, or an object of S3; checked against the application that is to get it."""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from cdk_penstock.control.code_bucket import CodeBucket, CodeObject
from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.model.deployment import Revision
from cdk_penstock.packaging import (
    CodeArchive,
    PackagingError,
    PyFlinkProject,
    build_package,
    find_problems,
)
from cdk_penstock.packaging.run_options_checks import find_run_option_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.cli.operate.application_access import ApplicationAccess
    from cdk_penstock.cli.operate.plan_session import PlanSession
    from cdk_penstock.model.lifecycle.planning import DescribedSettings
    from cdk_penstock.model.runtimes import FlinkRuntime

_S3: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^?]+)(?:\?versionId=(?P<version>.+))?"
)
_HASH_CHARACTERS: Final = 32


def check_code(value: str | None) -> str | None:
    """Return a source of code, or raise BadParameter for one that cannot be any."""
    if value is None:
        return None
    if value.startswith("s3:"):
        if not _S3.fullmatch(value):
            raise typer.BadParameter(f"expected s3://BUCKET/KEY, with ?versionId=VERSION if need be, got {value!r}")
    elif not Path(value).is_dir():
        try:
            CodeArchive.check_path(Path(value))
        except PackagingError as error:
            raise typer.BadParameter(str(error)) from error
    return value


@dataclass(frozen=True, kw_only=True)
class JobCode:
    """Code to deploy.

    Parameters
    ----------
    place
        Its object in S3, which may not be there yet.
    path
        The archive on this machine, None for an object that the caller may not read.
    is_in_s3
        True if the object was there before.
    problems
        Why it would not run; None if it could not be read.
    """

    place: CodeObject
    path: Path | None
    is_in_s3: bool
    problems: tuple[str, ...] | None

    def check(self, source: str) -> None:
        """Raise PackagingError with every problem of the code."""
        if self.problems:
            raise PackagingError.of_problems(source, self.problems)

    def revision(self, runtime: FlinkRuntime, *, like: Revision) -> Revision:
        """Return the code on a runtime, by its version in S3 only if the present code is."""
        return Revision(
            code_bucket_arn=f"{like.code_bucket_arn.rpartition(':')[0]}:{self.place.bucket}",
            code_key=self.place.key,
            code_version=self.place.version_id if like.code_version else "",
            runtime_environment=runtime.identifier,
        )

    def upload(self, bucket: CodeBucket) -> JobCode:
        """Return the code in S3, uploaded if it is not there."""
        if self.is_in_s3 or self.path is None:
            return self
        return replace(self, place=bucket.upload(self.path, self.place), is_in_s3=True)


def present_revision(access: ApplicationAccess, settings: DescribedSettings) -> Revision:
    """Return the present code; raise ControlError if it is not in S3."""
    if settings.revision is None:
        raise ControlError(f"the code of {access.name} is not in S3: this command changes code in S3 only")
    return settings.revision


@contextmanager
def open_code(
    source: str,
    access: ApplicationAccess,
    session: PlanSession,
    settings: DescribedSettings,
    runtime: FlinkRuntime,
    *,
    to_bucket: str | None,
) -> Iterator[JobCode]:
    """Give the code of a source with its problems on a runtime; what was downloaded is deleted afterwards.

    Raises PackagingError for a folder or a file that is no code at all.
    """
    bucket = CodeBucket(access.s3, clock=access.clock)
    match = _S3.fullmatch(source)
    if match is None:
        archive = _local_archive(Path(source), session, runtime)
        problems = tuple(archive_problems(archive, settings, runtime))
        yield _to_upload(archive, access, bucket, settings, problems, to_bucket=to_bucket)
        return
    place = CodeObject(bucket=match["bucket"], key=match["key"], version_id=match["version"] or "")
    suffix = ".zip" if settings.runs_python else ".jar"
    with _downloaded(bucket, place, session, suffix) as path:
        yield JobCode(
            place=place if path is None else bucket.find(place) or place,
            path=path,
            is_in_s3=True,
            problems=None if path is None else tuple(archive_problems(CodeArchive.open(path), settings, runtime)),
        )


@contextmanager
def open_present_code(
    access: ApplicationAccess, session: PlanSession, settings: DescribedSettings, runtime: FlinkRuntime
) -> Iterator[JobCode]:
    """Give the present code with its problems on a runtime."""
    present = present_revision(access, settings)
    version = f"?versionId={present.code_version}" if present.code_version else ""
    source = f"s3://{present.code_bucket_arn.rpartition(':')[2]}/{present.code_key}{version}"
    with open_code(source, access, session, settings, runtime, to_bucket=None) as code:
        yield code


@contextmanager
def _downloaded(bucket: CodeBucket, place: CodeObject, session: PlanSession, suffix: str) -> Iterator[Path | None]:
    """Give a copy of an object; None, with a note, if the caller may not read it."""
    name = Path(place.key).name
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        # MSF takes code under any name.
        path = Path(folder) / (name if name.endswith((".zip", ".jar")) else f"{name}{suffix}")
        try:
            session.stage(f"read {place}")
            bucket.download(place, path)
        except MissingPermissionError as error:
            session.note(f"the code was not checked: {error}")
            yield None
        else:
            yield path


def archive_problems(archive: CodeArchive, settings: DescribedSettings, runtime: FlinkRuntime) -> list[str]:
    """Return the problems of an archive for an application on a runtime."""
    options = settings.run_options
    unfit = list(find_run_option_problems(archive, options))
    return unfit or find_problems(archive, runtime=runtime, entry_point=options.get("python"))


def _local_archive(source: Path, session: PlanSession, runtime: FlinkRuntime) -> CodeArchive:
    if not source.is_dir():
        return CodeArchive.open(source)
    session.stage(f"build and check the package of {source}")
    return CodeArchive.open(build_package(PyFlinkProject(source), runtime=runtime).path)


def _to_upload(
    archive: CodeArchive,
    access: ApplicationAccess,
    bucket: CodeBucket,
    settings: DescribedSettings,
    problems: tuple[str, ...],
    *,
    to_bucket: str | None,
) -> JobCode:
    present = present_revision(access, settings)
    with archive.path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_CHARACTERS]
    prefix = present.code_key.rpartition("/")[0]
    name = f"{access.name}-{content}{archive.path.suffix.lower()}"
    place = CodeObject(
        bucket=to_bucket or present.code_bucket_arn.rpartition(":")[2], key=f"{prefix}/{name}" if prefix else name
    )
    try:
        found = bucket.find(place)
    except MissingPermissionError:
        # Whether it is there shows when it is written.
        found = None
    if found is not None and found.size_bytes != archive.size_bytes:
        raise ControlError(
            f"{place} has {found.size_bytes} bytes, this code has {archive.size_bytes}: another program wrote an object"
            " of that name; delete it, or name another bucket with --bucket"
        )
    return JobCode(place=found or place, path=archive.path, is_in_s3=found is not None, problems=problems)
