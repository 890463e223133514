"""The code of an application version, prepared to be run by Flink as MSF would run it."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import PackageError
from cdk_penstock.local.flink.submission import JarProgram, JobProgram
from cdk_penstock.local.job_package import unpack_package
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.flink.submission import JobSubmission
    from cdk_penstock.local.service.flink.places import ApplicationPlaces


MANIFEST = "META-INF/MANIFEST.MF"
RUNTIME_SETTINGS = "config.properties"
RUNTIME_SETTING = "application_properties_file"


def prepare_program(
    code: Path, property_groups: Mapping[str, Mapping[str, str]], places: ApplicationPlaces
) -> JobSubmission:
    """Return the program of an application version, with its files in the application's folder.

    Parameters
    ----------
    code
        The zip of a Python job, which the run options among the property groups describe, or a jar.
    property_groups
        The properties of the application.
    places
        The folders of the application.

    Raises
    ------
    PackageError
        The code is missing or broken, or lacks what the run options name.
    """
    shutil.rmtree(places.code, ignore_errors=True)
    places.code.mkdir(parents=True)
    options = property_groups.get(RUN_OPTIONS_GROUP, {})
    if options.get("python") or options.get("pyModule"):
        return _python_program(unpack_package(code, places.code).folder, options)
    return JarProgram(jar=_jar(code, places))


def _python_program(root: Path, options: Mapping[str, str]) -> JobProgram:
    def existing(option: str) -> list[Path]:
        names = [name.strip() for name in options.get(option, "").split(",") if name.strip()]
        files = [root / name for name in names]
        for name, file in zip(names, files, strict=True):
            if not file.resolve().is_relative_to(root) or not file.exists():
                raise PackageError(
                    f"the zip has no {name}, which {option} of the property group {RUN_OPTIONS_GROUP} names; "
                    f"it has {', '.join(sorted(entry.name for entry in root.iterdir())) or 'nothing'}"
                )
        return files

    main, jar = existing("python"), existing("jarfile")
    return JobProgram(
        main=main[0] if main else None,
        module=options.get("pyModule"),
        packages=existing("pyFiles"),
        jar=jar[0] if jar else None,
    )


def _jar(code: Path, places: ApplicationPlaces) -> Path:
    """Return the jar, or a copy that reads its properties from the application's file.

    ``KinesisAnalyticsRuntime.getApplicationProperties()`` takes the file's name from a resource of its jar, which is
    ``/etc/flink/application_properties.json`` on MSF.
    """
    try:
        with zipfile.ZipFile(code) as archive:
            names = set(archive.namelist())
            settings = archive.read(RUNTIME_SETTINGS).decode() if RUNTIME_SETTINGS in names else ""
    except (OSError, zipfile.BadZipFile) as error:
        raise PackageError(f"the code {code} cannot be read: {error}") from error
    if MANIFEST not in names:
        raise PackageError(
            f"the code {code.name} is no jar, and no Python job either: its property groups have no python in "
            f"{RUN_OPTIONS_GROUP}"
        )
    if RUNTIME_SETTING not in settings:
        return code
    copy = places.code / code.with_suffix(".jar").name
    shutil.copyfile(code, copy)
    with zipfile.ZipFile(copy, "a") as archive:
        # The directory at the end is written anew without the former entry, so that only the new one is found.
        archive.filelist.remove(archive.NameToInfo.pop(RUNTIME_SETTINGS))
        archive.writestr(RUNTIME_SETTINGS, f"{RUNTIME_SETTING} = {places.properties.as_posix()}\n")
    return copy
