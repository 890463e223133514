"""The JSON document of a request."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError


def json_document(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body holds.

    Raises
    ------
    RefusedCallError
        The body is not UTF-8, not JSON (NaN and Infinity are not), nested too deep, or not an object.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedCallError(RefusalCode.SERIALIZATION, f"the body is not JSON in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise RefusedCallError(
            RefusalCode.SERIALIZATION, f"the body is not a JSON object, but of type {type(document).__name__}"
        )
    return document


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
