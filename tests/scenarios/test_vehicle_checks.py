"""The vehicle job's scenario: the oracle, the models and the comparison of a run with what its events lead to."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.demo.checks import count_reasons
from cdk_penstock.local.errors import InputFileError, PackageError
from cdk_penstock.local.prometheus.samples import Sample
from tests.flink_app.vehicle_metrics.events import FORMS
from vehicle_metrics_scenario.checks import check_samples, expected_samples, is_event
from vehicle_metrics_scenario.models import packaged_models, read_models

if TYPE_CHECKING:
    from pathlib import Path

BEGIN_MS = 1_700_000_000_000


def sample(metric: str = "warnings", model: str = "sedan", window: int = 0, value: float = 1) -> Sample:
    labels = {"model": model, "region": "US"}
    return Sample.of(metric, labels, timestamp_ms=BEGIN_MS + window * 5000, value=value)


def event(
    kind: str = "IC_RPM", vehicle: str = "V1", offset_ms: int = 0, measurement: int = 1, region: str = "US"
) -> bytes:
    fields = {"eventType": kind, "vehicleId": vehicle, "region": region}
    return json.dumps(fields | {"timestamp": BEGIN_MS + offset_ms, "measurement": measurement}).encode()


def test_vehicles_count_once_and_only_when_moving() -> None:
    lines = [
        event("IC_RPM", "V1", 0, 900),
        event("ELECTRIC_RPM", "V1", 4999, 100),
        event("IC_RPM", "V2", 100, 0),
        event("IC_RPM", "V3", 5000, 0),
        event("IC_RPM", "V9", 0, 5),
    ]
    models = {"V1": "sedan", "V2": "sedan", "V3": "sedan"}
    assert expected_samples(lines, models, window_seconds=5) == [
        sample("vehicles_in_motion", window=1, value=1),
        sample("vehicles_in_motion", window=2, value=0),
        sample("vehicles_in_motion", model="unknown", window=1, value=1),
    ]


def test_the_latest_report_of_each_vehicle_is_summed() -> None:
    lines = [
        event("WARNINGS", "V1", 4000, 2),
        event("WARNINGS", "V1", 1000, 9),
        event("WARNINGS", "V2", 10, 3),
        event("WARNINGS", "V2", 10, 1),
        b"broken",
    ]
    assert expected_samples(lines, {"V1": "sedan", "V2": "sedan"}, window_seconds=5) == [sample(window=1, value=5)]


@pytest.mark.parametrize(
    "change",
    [
        {"eventType": "SPEED"}, {"eventType": ["IC_RPM"]}, {"vehicleId": ""}, {"vehicleId": "x" * 129},
        {"region": None}, {"timestamp": 0}, {"timestamp": 1.5}, {"timestamp": True}, {"measurement": -1},
        {"measurement": 100_001}, {"measurement": "3"},
    ],
)  # fmt: skip
def test_what_the_job_puts_aside_is_no_event(change: dict[str, object]) -> None:
    assert is_event(event())
    assert not is_event(json.dumps(json.loads(event()) | change).encode())


@pytest.mark.parametrize("line", [b"", b"[]", b'{"measurement": NaN}', b"\xff"])
def test_what_is_no_json_object_is_no_event(line: bytes) -> None:
    assert not is_event(line)


@pytest.mark.parametrize(("text", "reason"), FORMS.items())
def test_every_form_of_an_event_counts_or_is_put_aside(text: bytes, reason: str | None) -> None:
    assert is_event(text) == (reason is None)


def test_models_are_read(tmp_path: Path) -> None:
    file = tmp_path / "models.csv"
    file.write_text("vehicleId,model\nV1,sedan\n", encoding="utf-8")
    assert read_models(file) == {"V1": "sedan"}
    file.write_text("vehicle,model\nV1,sedan\n", encoding="utf-8")
    with pytest.raises(InputFileError, match="must begin with the line vehicleId,model, got 'vehicle,model'"):
        read_models(file)
    file.write_bytes(b"vehicleId,model\n\xff\xfe,sedan\n")
    with pytest.raises(InputFileError, match="is not UTF-8, got byte 0xff in line 2"):
        read_models(file)
    file.write_text("vehicleId,model\r\nV1,sedan\r\n", encoding="utf-8-sig", newline="")
    assert read_models(file) == {"V1": "sedan"}
    file.write_text("vehicleId,model\nV1,sedan\n", encoding="utf-16")
    with pytest.raises(InputFileError, match="is encoded in UTF-16, expected UTF-8"):
        read_models(file)
    with pytest.raises(InputFileError, match="cannot be read"):
        read_models(tmp_path)


@pytest.mark.parametrize("line", ["V1", "V1,", ",sedan", "V1,sedan,red"])
def test_a_line_that_is_no_pair_of_vehicle_and_model_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "models.csv"
    file.write_text(f"vehicleId,model\nV0,van\n{line}\n", encoding="utf-8")
    with pytest.raises(
        InputFileError, match=f"must have a vehicleId and a model in each line, got '{line.rstrip(',')}' in line 3"
    ):
        read_models(file)


def test_packaged_models_come_from_the_jar(tmp_path: Path) -> None:
    jar = tmp_path / "job.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("vehicle-models.csv.gz", gzip.compress(b"vehicleId,model\nV1,van\n"))
    assert packaged_models(jar) == {"V1": "van"}
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("other", "")
    for missing in (jar, None):
        with pytest.raises(PackageError, match=r"holds no vehicle-models.csv.gz"):
            packaged_models(missing)


def test_every_record_is_found_again() -> None:
    lines = [event(offset_ms=1), event(offset_ms=2, vehicle="V2"), b"broken", b"late one"]
    late = event(offset_ms=3, vehicle="V3")
    letters = [("malformed json", b"broken"), ("malformed json", b"late one"), ("late", late)]
    samples = [sample("vehicles_in_motion", "unknown", window=1, value=2)]
    assert check_samples([*lines, late], letters, samples, {}, window_seconds=5) == []
    assert count_reasons(letters) == {"malformed json": 2, "late": 1}


def test_what_is_lost_is_told() -> None:
    problems = check_samples(
        [event(), b"broken"],
        [("unknown event type", event(vehicle="V2"))],
        [sample("vehicles_in_motion", "unknown", window=1, value=7)],
        {},
        window_seconds=5,
    )
    assert [problem.partition(",")[0] for problem in problems] == [
        "1 malformed records are not among the dead letters",
        "1 dead letters are no malformed or late records",
        "1 expected samples are missing",
        "1 samples are not expected",
    ]
    assert "vehicles_in_motion{model=unknown,region=US} at 1700000005000 = 1" in problems[2]
