from __future__ import annotations

import inspect
import pydoc
import re
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.application import (
    ApplicationCode,
    FlinkApplication,
    FlinkApplicationProps,
    FlinkRuntime,
    LogLevel,
    PyFlinkApplication,
)
from cdk_penstock.streams.kinesis import EventStream
from examples.subclassing import ClickCounts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("construct", [FlinkApplication, PyFlinkApplication, ClickCounts])
def test_the_signature_of_an_application_has_every_property(construct: type) -> None:
    parameters = inspect.signature(construct).parameters
    assert set(FlinkApplicationProps.__annotations__) < set(parameters)
    assert list(parameters)[:2] == ["scope", "construct_id"]
    assert parameters["parallelism"].default == 1
    assert parameters["runtime"].default is FlinkRuntime.FLINK_1_20
    assert str(parameters["vpc"]) == "vpc: 'ec2.IVpc' = ..."


def test_the_signature_of_a_subclass_has_its_own_parameters_and_defaults() -> None:
    parameters = inspect.signature(ClickCounts).parameters
    assert parameters["clicks"].default is inspect.Parameter.empty
    assert parameters["log_level"].default is LogLevel.WARN
    assert str(parameters["checkpoint_interval"]) == "checkpoint_interval: 'Duration' = Duration.seconds(30)"
    assert "clicks" not in inspect.signature(PyFlinkApplication).parameters


def test_help_documents_every_property() -> None:
    shown = pydoc.plain(pydoc.render_doc(PyFlinkApplication))
    assert "A FlinkApplication whose job is written in Python." in shown
    for name in inspect.signature(PyFlinkApplication).parameters:
        if name not in {"scope", "construct_id"}:
            # Python 3.13 shows a docstring with its indentation.
            assert re.search(rf"\|\s+{name} : ", shown), name
    assert "True if the job can recover its state after a failure. Default: True." in shown
    assert "needs Maven and a JDK" in shown
    assert ":param id:" not in shown.partition("Methods inherited")[0]


def test_the_signature_of_any_construct_shows_its_parameters() -> None:
    assert list(inspect.signature(EventStream).parameters)[2:4] == ["stream_name", "capacity"]


def test_values_are_shown_as_they_are_written(job_zip: Path) -> None:
    assert repr(FlinkRuntime.FLINK_1_20) == "FlinkRuntime.FLINK_1_20"
    assert repr(FlinkRuntime.of("FLINK-9_1")) == "FlinkRuntime.of('FLINK-9_1')"
    assert repr(ApplicationCode.from_asset(job_zip)) == f"ApplicationCode.from_asset({str(job_zip)!r})"
    assert repr(ApplicationCode.from_pyflink_folder("job")) == "ApplicationCode.from_pyflink_folder('job')"
