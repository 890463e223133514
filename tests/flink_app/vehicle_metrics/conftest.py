from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cluster import MiniCluster
from pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniCluster]:
    """The one cluster of the run."""
    running = MiniCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def pipeline(cluster: MiniCluster, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The vehicle job between files, on the one cluster."""
    return Pipeline(cluster, tmp_path_factory.mktemp("pipeline"))
