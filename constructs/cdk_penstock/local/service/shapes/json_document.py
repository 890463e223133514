"""The JSON document of a request."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

__all__ = ("json_document",)


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
        message = f"the body is not JSON in UTF-8: {error}"
        raise RefusedCallError(RefusalCode.SERIALIZATION, message) from error
    if not isinstance(document, dict):
        message = f"the body is not a JSON object, but of type {type(document).__name__}"
        raise RefusedCallError(RefusalCode.SERIALIZATION, message)
    return document


def _refuse_constant(constant: str) -> NoReturn:
    message = f"{constant} is no JSON number"
    raise ValueError(message)
