from __future__ import annotations

import csv
import gzip
import json
import math
import zipfile
from pathlib import Path  # noqa: TC003 - hypothesis reads annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.demo.checks import check_fleet, check_samples, count_reasons, packaged_models, parse_dead_letter
from cdk_penstock.local.demo.files import figures, write_report
from cdk_penstock.local.demo.results import Addresses, DemoResult, graph_url, metric_rows
from cdk_penstock.local.errors import InputFileError, PackageError
from cdk_penstock.local.expected import compare, expected_samples, missing_windows, read_models, valid_event
from cdk_penstock.local.flink.jobs import CheckpointStatistics
from cdk_penstock.local.prometheus.samples import Sample, parse_matrix
from cdk_penstock.local.report.page import render_page
from cdk_penstock.local.report.plots import PLOTS, draw_plots, largest_lines, with_gaps
from cdk_penstock.local.report.series import format_value, read_series, total_by, write_series

BEGIN_MS = 1_700_000_000_000

samples_strategy = st.lists(
    st.builds(
        Sample,
        metric=st.sampled_from(["vehicles_in_motion", "warnings"]),
        model=st.text(min_size=1, max_size=8).filter(lambda text: "\r" not in text and "\0" not in text),
        region=st.sampled_from(["US", "Côte d'Ivoire", 'quoted "one", two']),
        timestamp_ms=st.integers(min_value=0, max_value=4_102_444_800_000),
        value=st.floats(min_value=0, max_value=1e12),
    ),
    max_size=20,
)


def sample(
    metric: str = "warnings", model: str = "sedan", region: str = "US", window: int = 0, value: float = 1
) -> Sample:
    return Sample(metric=metric, model=model, region=region, timestamp_ms=BEGIN_MS + window * 5000, value=value)


def event(
    kind: str = "IC_RPM", vehicle: str = "V1", offset_ms: int = 0, measurement: int = 1, region: str = "US"
) -> bytes:
    fields = {"eventType": kind, "vehicleId": vehicle, "region": region}
    return json.dumps(fields | {"timestamp": BEGIN_MS + offset_ms, "measurement": measurement}).encode()


def result(samples: list[Sample], problems: tuple[str, ...] = ()) -> DemoResult:
    return DemoResult(
        samples=samples,
        events=1000,
        seconds=4.0,
        dead_letters={"late": 2},
        restarts=0,
        checkpoints=CheckpointStatistics(completed=3, failed=0, duration_average_ms=7),
        addresses=Addresses(flink="http://f", prometheus="http://p", kafka="k:1"),
        window_seconds=5,
        problems=problems,
        checked="all",
    )


@given(samples=samples_strategy)
def test_series_survive_the_file_exactly(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("series") / "series.csv"
    write_series(file, samples)
    assert read_series(file) == sorted(samples)


def test_series_have_the_columns_that_others_read(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    write_series(file, [sample(window=1), sample(value=2.5)])
    with file.open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["metric", "model", "region", "timestamp_ms", "value"],
            ["warnings", "sedan", "US", "1700000000000", "2.5"],
            ["warnings", "sedan", "US", "1700000005000", "1"],
        ]
    assert format_value(3.0) == "3"


def test_totals_sum_over_the_other_label() -> None:
    samples = [sample(value=1), sample(region="EU", value=2), sample(model="suv", window=1, value=4)]
    assert total_by(samples, metric="warnings", label="model") == {
        "sedan": [(BEGIN_MS, 3.0)], "suv": [(BEGIN_MS + 5000, 4.0)],
    }  # fmt: skip
    assert total_by(samples, metric="warnings", label="region")["US"] == [(BEGIN_MS, 1.0), (BEGIN_MS + 5000, 4.0)]
    assert total_by(samples, metric="vehicles_in_motion", label="model") == {}


def test_prometheus_times_are_read_to_the_millisecond() -> None:
    answer = json.loads(
        '[{"metric": {"__name__": "warnings", "model": "a"}, "values": [[1498867200.007, "0"], [1498867205, "17"]]}]'
    )
    assert parse_matrix(answer) == [
        Sample(metric="warnings", model="a", region="", timestamp_ms=1_498_867_200_007, value=0.0),
        Sample(metric="warnings", model="a", region="", timestamp_ms=1_498_867_205_000, value=17.0),
    ]


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
    assert valid_event(event()) is not None
    assert valid_event(json.dumps(json.loads(event()) | change).encode()) is None


@pytest.mark.parametrize("line", [b"", b"[]", b'{"measurement": NaN}', b"\xff"])
def test_what_is_no_json_object_is_no_event(line: bytes) -> None:
    assert valid_event(line) is None


def test_differences_name_both_sides() -> None:
    found = compare([sample(value=1), sample(window=1)], [sample(value=2), sample(window=1)])
    assert found.missing == [sample(value=1)]
    assert found.unexpected == [sample(value=2)]
    assert not found.equal
    assert compare([sample()], [sample()]).equal


def test_a_window_between_the_first_and_the_last_must_be_there() -> None:
    samples = [sample(window=window) for window in (0, 1, 3, 4)] + [sample(model="suv", window=2)]
    assert missing_windows(samples, window_seconds=5) == [
        sample(window=2, value=0), sample(model="suv", window=1, value=0), sample(model="suv", window=3, value=0),
    ]  # fmt: skip
    assert missing_windows([], window_seconds=5) == []


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


def test_a_fleet_must_leave_samples() -> None:
    assert check_fleet([], events=0, window_seconds=5) == ["the fleet sent no events"]
    assert check_fleet([], events=5, window_seconds=5) == ["5 events led to no sample"]
    assert check_fleet([sample(), sample(window=1)], events=5, window_seconds=5) == []
    assert check_fleet([sample(), sample(window=2)], events=5, window_seconds=5)[0].startswith(
        "1 windows have no sample"
    )


def test_dead_letters_hold_a_reason_and_the_record() -> None:
    assert parse_dead_letter(b'{"reason":"late","payload":"{}"}') == ("late", b"{}")
    assert parse_dead_letter(b'{"reason":"empty record","payload":null}') == ("empty record", b"")


def test_rows_sum_over_regions_and_windows() -> None:
    rows = metric_rows([sample(value=1), sample(region="EU", value=2), sample(window=1, value=5), sample(model="a")])
    assert [(row.model, row.regions, row.samples, row.mean, row.peak, row.last) for row in rows] == [
        ("a", 1, 1, 1.0, 1.0, 1.0), ("sedan", 2, 3, 4.0, 5.0, 5.0),
    ]  # fmt: skip


def test_graphs_span_whole_minutes() -> None:
    url = graph_url("http://p", begin_ms=BEGIN_MS, end_ms=BEGIN_MS + 90_000)
    assert url.startswith("http://p/graph?g0.expr=sum+by")
    assert "g1.range_input=2m&g1.end_input=2023-11-14+22%3A15" in url


def test_lines_are_interrupted_where_samples_are_missing() -> None:
    shown = with_gaps([(0, 1.0), (5, 1.0), (50, 2.0)], longest_ms=15)
    assert [time_ms for time_ms, _ in shown] == [0, 5, 6, 50]
    assert math.isnan(shown[2][1])


def test_only_the_largest_lines_are_drawn() -> None:
    lines = {name: [(0, float(value))] for name, value in (("a", 1), ("b", 3), ("c", 2))}
    assert list(largest_lines(lines, limit=2)) == ["b", "c"]


@pytest.mark.parametrize(("models", "windows"), [(0, 0), (1, 300), (3, 10), (8, 10), (14, 100)])
def test_pictures_are_drawn_for_any_number_of_lines(tmp_path: Path, models: int, windows: int) -> None:
    samples = [
        sample(metric, f"model-{model:02}", window=window, value=float(model))
        for metric in ("vehicles_in_motion", "warnings")
        for model in range(models)
        for window in range(windows)
    ]
    files = draw_plots(samples, tmp_path, window_seconds=5)
    assert [file.name for file in files] == [plot.file_name for plot in PLOTS]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_the_page_is_complete_in_itself(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    page = render_page(
        title="A <title>",
        lead="b & c",
        tables=[("T", (("name", "n"), [("<x>", "1,000")]))],
        pictures=[('"p"', picture)],
    )
    assert "A &lt;title&gt;" in page
    assert '<td class="number">1,000</td>' in page
    assert "data:image/png;base64,iVBORw==" in page
    assert "http" not in page.replace('<html lang="en">', "")


def test_the_report_has_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    files = write_report(result([sample(), sample(window=1)], problems=("one is missing",)), folder)
    assert sorted(file.name for file in files) == sorted(entry.name for entry in folder.iterdir())
    assert len(files) == 6
    assert "Problems: one is missing" in files[0].read_text(encoding="utf-8")
    assert ("events", "1,000 in 4.0 s, 250 a second") in figures(result([]))
    assert ("dead letters", "late: 2") in figures(result([]))
