"""A module's name says what it is, so that no two files of the library have the same."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import cdk_penstock

LIBRARY = Path(cdk_penstock.__file__).parent
SHARED = {
    "__init__": "the face of a package",
    "errors": "the errors of a package; the base of all is in model/errors",
}
"""Names that several modules have, each with the reason."""


def modules() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(LIBRARY.rglob("*.py")):
        found[path.stem].append(str(path.relative_to(LIBRARY)))
    return found


def test_no_two_modules_have_the_same_name() -> None:
    repeated = {name: places for name, places in modules().items() if len(places) > 1}
    assert {name: places for name, places in repeated.items() if name not in SHARED} == {}
    assert set(SHARED) <= set(repeated), "remove the reason of a name that only one module has"
