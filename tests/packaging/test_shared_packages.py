from __future__ import annotations

from pathlib import Path

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError, PyFlinkProject, build_package

RUNTIME = FlinkRuntime.FLINK_1_20
JOBS = {
    "taxi/main.py": "from taxi.job import run\n",
    "taxi/taxi/__init__.py": "",
    "taxi/taxi/job.py": "from settings.groups import load\n\ndef run(): ...\n",
    "shared/settings/__init__.py": "",
    "shared/settings/groups.py": "import texts\n",
    "shared/settings/limits.json": "{}",
    "shared/settings/__pycache__/groups.pyc": "",
    "shared/texts/__init__.py": "",
    "shared/unused/__init__.py": "",
    "shared/README.md": "about",
    "plain/main.py": "import json\n",
}


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Write jobs beside packages that they may share."""
    for name, text in JOBS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def entries(folder: Path) -> set[str]:
    return set(CodeArchive.open(build_package(PyFlinkProject(folder), runtime=RUNTIME).path).entries)


def test_a_job_takes_the_shared_packages_that_it_imports_and_those_that_they_import(jobs: Path) -> None:
    assert {name for name in entries(jobs / "taxi") if name.startswith("dep/")} == {
        "dep/settings/__init__.py",
        "dep/settings/groups.py",
        "dep/settings/limits.json",
        "dep/taxi/__init__.py",
        "dep/taxi/job.py",
        "dep/texts/__init__.py",
    }
    assert entries(jobs / "plain") == {"main.py", "penstock-package.json"}
    assert PyFlinkProject(jobs / "taxi").passed_over == []


@pytest.mark.parametrize(
    "source",
    ["import sys\nsys.path.append('.')\nimport texts\n", "try:\n    import texts\nexcept ImportError:\n    pass\n"],
)
def test_an_import_that_may_fail_takes_the_shared_package_too(jobs: Path, source: str) -> None:
    (jobs / "plain" / "main.py").write_text(source)
    assert "dep/texts/__init__.py" in entries(jobs / "plain")


def test_a_shared_package_counts_as_the_jobs_own(jobs: Path) -> None:
    package = build_package(PyFlinkProject(jobs / "taxi"), runtime=RUNTIME)
    assert CodeArchive.open(package.path).manifest.packages == ("settings", "taxi", "texts")
    (jobs / "shared" / "texts" / "__init__.py").write_text("import pandas_of_my_own\n")
    with pytest.raises(PackagingError, match=r"dep/texts/__init__\.py imports pandas_of_my_own, which is neither"):
        build_package(PyFlinkProject(jobs / "taxi"), runtime=RUNTIME)


def test_a_change_of_a_shared_package_builds_only_the_jobs_that_import_it(jobs: Path) -> None:
    before = {name: build_package(PyFlinkProject(jobs / name), runtime=RUNTIME) for name in ("taxi", "plain")}
    (jobs / "shared" / "unused" / "__init__.py").write_text("ANOTHER = 1\n")
    assert build_package(PyFlinkProject(jobs / "taxi"), runtime=RUNTIME).reused
    (jobs / "shared" / "settings" / "limits.json").write_text("[]")
    after = {name: build_package(PyFlinkProject(jobs / name), runtime=RUNTIME) for name in ("taxi", "plain")}
    assert {name: after[name].sha256 != before[name].sha256 for name in after} == {"taxi": True, "plain": False}


def test_a_package_in_the_jobs_folder_wins_over_a_shared_one_of_its_name(jobs: Path) -> None:
    own = jobs / "taxi" / "settings"
    own.mkdir()
    (own / "__init__.py").write_text("")
    (own / "groups.py").write_text("def load(): ...\n")
    assert PyFlinkProject(jobs / "taxi").sources()["dep/settings/groups.py"] == b"def load(): ...\n"
    assert "dep/settings/limits.json" not in PyFlinkProject(jobs / "taxi").sources()


def test_a_folder_of_shared_code_that_is_no_package_is_not_packed(jobs: Path) -> None:
    (jobs / "shared" / "settings" / "__init__.py").unlink()
    with pytest.raises(PackagingError, match=r"taxi/job\.py imports settings"):
        build_package(PyFlinkProject(jobs / "taxi"), runtime=RUNTIME)


def test_a_job_whose_path_is_relative_takes_shared_packages_too(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absolute = build_package(PyFlinkProject(jobs / "taxi"), runtime=RUNTIME)
    monkeypatch.chdir(jobs / "taxi")
    for relative in (Path(), Path("..") / "taxi"):
        assert PyFlinkProject(relative).sources() == PyFlinkProject(jobs / "taxi").sources()
        assert build_package(PyFlinkProject(relative), runtime=RUNTIME).path.name == absolute.path.name
