from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from plan import groups

import generator
import main
from flink_job.properties import PropertyError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("program", [main, generator])
def test_without_properties_no_job_is_made(program: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    monkeypatch.setenv("APPLICATION_PROPERTIES_FILE", str(missing))
    with pytest.raises(PropertyError, match="property groups cannot be read: got No such file"):
        program.main()


def test_a_wrong_property_is_named_before_anything_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    properties = groups(job={"window.seconds": "five"})
    file = tmp_path / "properties.json"
    listed = [{"PropertyGroupId": name, "PropertyMap": values} for name, values in properties.items()]
    file.write_text(json.dumps(listed))
    monkeypatch.setenv("APPLICATION_PROPERTIES_FILE", str(file))
    with pytest.raises(PropertyError, match="property group 'job': got 'five' for key 'window.seconds'"):
        main.main()
