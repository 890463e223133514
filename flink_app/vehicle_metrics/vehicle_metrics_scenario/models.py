"""The reference table of a run: the model of each vehicle."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import InputFileError, PackageError
from cdk_penstock.model.texts import decode_text
from vehicle_metrics.contract import PACKAGED_MODELS_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ("packaged_models", "read_model_lines", "read_models")

MODEL_COLUMNS = ("vehicleId", "model")


def packaged_models(jar: Path | None) -> dict[str, str]:
    """Return the models that are packaged with the job, in its jar.

    Raises
    ------
    PackageError
        There is no such jar, or it holds no models.
    """
    try:
        if jar is None:
            raise FileNotFoundError
        with zipfile.ZipFile(jar) as archive:
            text = gzip.decompress(archive.read(PACKAGED_MODELS_NAME)).decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise PackageError(
            f"the package's jar holds no {PACKAGED_MODELS_NAME}; give the vehicles' models as a CSV file"
        ) from error
    return read_model_lines(io.StringIO(text), name=PACKAGED_MODELS_NAME)


def read_models(file: Path) -> dict[str, str]:
    """Return the model of each vehicle of a CSV file with the columns ``vehicleId`` and ``model``.

    Raises
    ------
    InputFileError
        The file cannot be read, or has other columns.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputFileError(f"the file of models {file} cannot be read: {error}") from error
    text = decode_text(content, f"the file of models {file}", InputFileError)
    return read_model_lines(io.StringIO(text, newline=""), name=str(file))


def read_model_lines(stream: Iterable[str], *, name: str) -> dict[str, str]:
    """Return the model of each vehicle.

    Parameters
    ----------
    stream
        The lines of a CSV file.
    name
        What to call it in messages.

    Raises
    ------
    InputFileError
        It has other columns than ``vehicleId`` and ``model``, or a line without both.
    """
    reader = csv.DictReader(stream)
    if tuple(reader.fieldnames or ()) != MODEL_COLUMNS:
        raise InputFileError(
            f"{name} must begin with the line {','.join(MODEL_COLUMNS)}, got {','.join(reader.fieldnames or ())!r}"
        )
    models: dict[str, str] = {}
    for row in reader:
        vehicle, model = ((row[column] or "").strip() for column in MODEL_COLUMNS)
        if not vehicle or not model or None in row:
            got = ",".join([*(row[column] or "" for column in MODEL_COLUMNS), *(row.get(None) or [])]).rstrip(",")
            raise InputFileError(
                f"{name} must have a vehicleId and a model in each line, got {got!r} in line {reader.line_num}"
            )
        models[vehicle] = model
    return models
