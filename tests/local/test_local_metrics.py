from __future__ import annotations

import csv
import json
import math
from pathlib import Path  # noqa: TC003 - hypothesis reads annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.demo.checks import (
    check_gaps,
    differences,
    missing_windows,
    parse_dead_letter,
    reconcile,
)
from cdk_penstock.local.demo.files import figures, write_report
from cdk_penstock.local.demo.results import Addresses, DemoResult, graph_url, metric_rows
from cdk_penstock.local.flink.jobs import CheckpointStatistics
from cdk_penstock.local.prometheus.samples import Sample, parse_matrix
from cdk_penstock.local.report.layout import Plot, ReportLayout
from cdk_penstock.local.report.page import render_page
from cdk_penstock.local.report.plots import draw_plots, largest_lines, with_gaps
from cdk_penstock.local.report.series import format_value, total_by, write_series
from tests.local.recorded_series import read_series

BEGIN_MS = 1_700_000_000_000
LAYOUT = ReportLayout(
    title="Sensors",
    by="model",
    over="region",
    plots=(
        Plot(metric="readings", label="model", title="Readings, by model", unit="readings"),
        Plot(metric="readings", label="region", title="Readings, by region", unit="readings"),
        Plot(metric="warnings", label="model", title="Warnings, by model", unit="warnings"),
    ),
)

samples_strategy = st.lists(
    st.builds(
        Sample.of,
        metric=st.sampled_from(["readings", "warnings"]),
        labels=st.fixed_dictionaries(
            {
                "model": st.text(min_size=1, max_size=8).filter(lambda text: "\r" not in text and "\0" not in text),
                "region": st.sampled_from(["US", "Côte d'Ivoire", 'quoted "one", two']),
            }
        ),
        timestamp_ms=st.integers(min_value=0, max_value=4_102_444_800_000),
        value=st.floats(min_value=0, max_value=1e12),
    ),
    max_size=20,
)


def sample(
    metric: str = "warnings", model: str = "sedan", region: str = "US", window: int = 0, value: float = 1
) -> Sample:
    labels = {"region": region, "model": model}
    return Sample.of(metric, labels, timestamp_ms=BEGIN_MS + window * 5000, value=value)


def result(samples: list[Sample], problems: tuple[str, ...] = ()) -> DemoResult:
    return DemoResult(
        layout=LAYOUT,
        samples=samples,
        events=1000,
        seconds=4.0,
        dead_letters={"late": 2},
        restarts=0,
        checkpoints=CheckpointStatistics(completed=3, failed=0, duration_average_ms=7),
        addresses=Addresses(msf="http://m", flink="http://f", prometheus="http://p", kafka="k:1"),
        window_seconds=5,
        problems=problems,
        checked="all",
    )


@given(samples=samples_strategy)
def test_series_survive_the_file_exactly(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("series") / "series.csv"
    write_series(file, samples, labels=LAYOUT.labels)
    assert read_series(file) == sorted(samples)


def test_series_have_the_columns_that_others_read(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    write_series(file, [sample(window=1), sample(value=2.5)], labels=LAYOUT.labels)
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
    assert total_by(samples, metric="readings", label="model") == {}


def test_prometheus_times_are_read_to_the_millisecond() -> None:
    answer = json.loads(
        '[{"metric": {"__name__": "warnings", "model": "a"}, "values": [[1498867200.007, "0"], [1498867205, "17"]]}]'
    )
    assert parse_matrix(answer) == [
        Sample.of("warnings", {"model": "a"}, timestamp_ms=1_498_867_200_007, value=0.0),
        Sample.of("warnings", {"model": "a"}, timestamp_ms=1_498_867_205_000, value=17.0),
    ]
    assert (parse_matrix(answer)[0].label("model"), parse_matrix(answer)[0].label("region")) == ("a", "")


def test_differences_name_both_sides() -> None:
    found = differences([sample(value=1), sample(window=1)], [sample(value=2), sample(window=1)])
    assert found == [
        "1 expected samples are missing, first: warnings{model=sedan,region=US} at 1700000000000 = 1",
        "1 samples are not expected, first: warnings{model=sedan,region=US} at 1700000000000 = 2",
    ]
    assert differences([sample()], [sample()]) == []


def test_every_record_is_counted_or_among_the_dead_letters() -> None:
    letters = [("malformed json", b"broken"), ("late", b"good 1"), ("late", b"good 1")]
    lines = [b"good 1", b"good 1", b"good 1", b"good 2", b"broken", b"broken"]
    found = reconcile(lines, letters, is_event=lambda line: line.startswith(b"good"), excuses={"late"})
    assert (found.counted, found.problems) == ([b"good 1", b"good 2"], [])


def test_a_record_that_is_lost_and_a_dead_letter_that_nobody_sent_are_problems() -> None:
    letters = [("malformed json", b"good"), ("malformed json", b"never sent")]
    found = reconcile([b"good", b"broken"], letters, is_event=lambda line: line == b"good", excuses={"late"})
    assert found.counted == [b"good"]
    assert [problem.partition(",")[0] for problem in found.problems] == [
        "1 malformed records are not among the dead letters",
        "2 dead letters are no malformed or late records",
    ]


def test_a_window_between_the_first_and_the_last_must_be_there() -> None:
    samples = [sample(window=window) for window in (0, 1, 3, 4)] + [sample(model="suv", window=2)]
    assert missing_windows(samples, window_seconds=5) == [
        sample(window=2, value=0), sample(model="suv", window=1, value=0), sample(model="suv", window=3, value=0),
    ]  # fmt: skip
    assert missing_windows([], window_seconds=5) == []


def test_a_generator_must_lead_to_samples() -> None:
    assert check_gaps([], events=0, window_seconds=5) == ["the generator sent no events"]
    assert check_gaps([], events=5, window_seconds=5) == ["5 events led to no sample"]
    assert check_gaps([sample(), sample(window=1)], events=5, window_seconds=5) == []
    assert check_gaps([sample(), sample(window=2)], events=5, window_seconds=5)[0].startswith(
        "1 windows have no sample"
    )


def test_dead_letters_hold_a_reason_and_the_record() -> None:
    assert parse_dead_letter(b'{"reason":"late","payload":"{}"}') == ("late", b"{}")
    assert parse_dead_letter(b'{"reason":"empty record","payload":null}') == ("empty record", b"")


def test_rows_sum_over_regions_and_windows() -> None:
    rows = metric_rows(
        [sample(value=1), sample(region="EU", value=2), sample(window=1, value=5), sample(model="a")], LAYOUT
    )
    assert [(row.group, row.summed, row.samples, row.mean, row.peak, row.last) for row in rows] == [
        ("a", 1, 1, 1.0, 1.0, 1.0), ("sedan", 2, 3, 4.0, 5.0, 5.0),
    ]  # fmt: skip


def test_graphs_span_whole_minutes() -> None:
    url = graph_url("http://p", LAYOUT, begin_ms=BEGIN_MS, end_ms=BEGIN_MS + 90_000)
    assert url.startswith("http://p/graph?g0.expr=sum+by+%28model%29+%28readings%29")
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
        for metric in LAYOUT.metrics
        for model in range(models)
        for window in range(windows)
    ]
    files = draw_plots(samples, tmp_path, plots=LAYOUT.plots, window_seconds=5)
    assert [file.name for file in files] == [plot.file_name for plot in LAYOUT.plots]
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
    assert len(files) == 5
    assert "Problems: one is missing" in files[0].read_text(encoding="utf-8")
    assert ("events", "1,000 in 4.0 s, 250 a second") in figures(result([]))
    assert ("dead letters", "late: 2") in figures(result([]))
