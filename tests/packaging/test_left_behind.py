from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack
from typer.testing import CliRunner

from cdk_penstock.application import ApplicationCode, PyFlinkApplication
from cdk_penstock.cli.app import app
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import (
    CodeArchive,
    PackagingError,
    PyFlinkProject,
    build_package,
    check_entry_point,
    find_problems,
)
from cdk_penstock.packaging.python_imports import imported_modules, modules_of_msf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUNTIME = FlinkRuntime.FLINK_1_20


@pytest.fixture
def write_job(tmp_path: Path) -> Callable[[dict[str, str]], PyFlinkProject]:
    def write(files: dict[str, str]) -> PyFlinkProject:
        for name, text in {"main.py": "", **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return PyFlinkProject(tmp_path)

    return write


def refusals(project: PyFlinkProject) -> list[str]:
    with pytest.raises(PackagingError) as error:
        build_package(project, runtime=RUNTIME)
    first, *problems = str(error.value).splitlines()
    assert first == f"{project.folder} would not run:"
    return [problem.removeprefix("  - ") for problem in problems]


def test_folders_without_an_init_that_a_job_imports_are_named(write_job: Callable[..., PyFlinkProject]) -> None:
    job = write_job(
        {
            "starter-job.py": "from sink.jdbc_sink import send\nfrom utils.properties import load\n",
            "sink/jdbc_sink.py": "def send(): ...\n",
            "utils/properties.py": "def load(): ...\n",
            "models/stock.py": "class Stock: ...\n",
            "conf/application_properties.json": "[]",
        }
    )
    assert refusals(job) == [
        f"starter-job.py imports {name}, a folder without an __init__.py, which is not packed: add an empty"
        f" {name}/__init__.py"
        for name in ("sink", "utils")
    ]
    for name in ("sink", "utils"):
        (job.folder / name / "__init__.py").write_text("")
    again = PyFlinkProject(job.folder)
    entries = CodeArchive.open(build_package(again, runtime=RUNTIME).path).entries
    assert {"dep/sink/jdbc_sink.py", "dep/utils/properties.py"} <= set(entries)
    assert again.passed_over == ["conf/ (1 file)", "models/ (1 file)"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"main.py": "def f():\n    import helpers.x\n", "helpers/x.py": ""},
            "main.py imports helpers, a folder without",
        ),
        (
            {"job/__init__.py": "", "job/a.py": "import helpers.x", "helpers/x.py": ""},
            "job/a.py imports helpers, a folder",
        ),
        ({"main.py": "import helpers.deep.x", "helpers/deep/x.py": ""}, "add an empty helpers/__init__.py"),
        ({"main.py": "import proto.events_pb2", "proto/events_pb2.py": ""}, "add an empty proto/__init__.py"),
        (
            {"main.py": "from tests.helpers import x", "tests/helpers.py": ""},
            "main.py imports tests, but tests/ is ignored",
        ),
        (
            {"main.py": "import tools", "src/tools/__init__.py": ""},
            "imports tools, which is in src/tools, which is not packed",
        ),
        (
            {"main.py": "import tools", "scripts/tools.py": ""},
            "imports tools, which is in scripts/tools.py, which is not packed",
        ),
        (
            {"main.py": "import other", "other.py": ""},
            "main.py imports other, which MSF does not put on the job's path",
        ),
        (
            {"main.py": "import boto3"},
            "main.py imports boto3, which is neither in the zip nor part of Python or PyFlink: add",
        ),
        ({"job/__init__.py": "import boto3.session"}, "dep/job/__init__.py imports boto3, which is neither in the zip"),
        ({"main.py": "import distutils.util; import imp2"}, "main.py imports imp2, which is neither in the zip nor"),
        (
            {"my pkg/__init__.py": ""},
            "nothing can import the package 'my pkg', whose name is not a Python name",
        ),
        (
            {"my-pkg/__init__.py": ""},
            "nothing can import the package 'my-pkg', whose name is not a Python name",
        ),
        ({"class/__init__.py": ""}, "nothing can import the package 'class', whose name is not a Python name"),
    ],
)
def test_imported_modules_that_would_not_be_packed_are_named(
    write_job: Callable[..., PyFlinkProject], files: dict[str, str], expected: str
) -> None:
    (problem,) = refusals(write_job(files))
    assert expected in problem


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": "import json, distutils, tomllib, numpy, google.protobuf\nfrom pyflink.table import Table"},
        {"main.py": "try:\n    import helpers\nexcept ImportError:\n    helpers = None", "helpers/x.py": ""},
        {"main.py": "try:\n    import ujson\nexcept (KeyError, ModuleNotFoundError):\n    import json as ujson"},
        {"main.py": "try:\n    import ujson\nexcept:\n    pass"},
        {"main.py": "from contextlib import suppress\nwith suppress(ImportError):\n    import ujson"},
        {"main.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_s3"},
        {"main.py": "import typing\nif typing.TYPE_CHECKING:\n    import mypy_boto3_s3\nelse:\n    import json"},
        {"main.py": "import job", "job/__init__.py": "from . import a\nfrom .a import b", "job/a.py": "b = 1"},
        {"main.py": "import types", "types/notes.py": ""},
        {
            "main.py": "import os\nif os.environ.get('LOCAL'):\n    import dotenv, helpers",
            "helpers/x.py": "",
        },
        {"main.py": "import sys\nsys.path.append('/opt/more')\nimport boto3"},
        {"main.py": "def job(env):\n    env.add_python_file('/opt/more')\n    import boto3"},
        {"main.py": "", "generate_data.py": "import faker"},
        {"main.py": "import string", "scripts/string.py": ""},
        {"notebooks/try.py": "import pandas, seaborn", "job/__init__.py": ""},
    ],
)
def test_imports_that_msf_serves_or_that_may_fail_are_accepted(
    write_job: Callable[..., PyFlinkProject], files: dict[str, str]
) -> None:
    assert build_package(write_job(files), runtime=RUNTIME).path.is_file()


def test_a_job_beside_main_is_checked_when_it_is_chosen(write_job: Callable[..., PyFlinkProject]) -> None:
    job = write_job({"other.py": "import faker\nif __name__ == '__main__':\n    import boto3"})
    archive = CodeArchive.open(build_package(job, runtime=RUNTIME).path)
    check_entry_point(archive, runtime=RUNTIME, entry_point="main.py", shown_as=job.folder)
    with pytest.raises(PackagingError) as error:
        check_entry_point(archive, runtime=RUNTIME, entry_point="other.py", shown_as=job.folder)
    assert "other.py imports boto3, which is neither in the zip" in str(error.value)
    assert "other.py imports faker, which is neither in the zip" in str(error.value)
    code = ApplicationCode.from_pyflink_folder(job.folder, entry_point="other.py")
    with pytest.raises(PackagingError, match="other.py imports boto3"):
        PyFlinkApplication(Stack(App(), "Stack"), "App", code=code, application_name="a")
    told = CliRunner().invoke(app, ["package", str(job.folder), "--entry-point", "other.py"])
    assert "other.py imports boto3" in str(told.exception)
    assert CliRunner().invoke(app, ["package", str(job.folder)]).exit_code == 0


def test_several_jobs_without_a_main_are_all_checked(write_job: Callable[..., PyFlinkProject]) -> None:
    job = write_job({"a.py": "import faker", "b.py": "import dotenv"})
    (job.folder / "main.py").unlink()
    first, second = refusals(PyFlinkProject(job.folder))
    assert first.startswith("a.py imports faker")
    assert second.startswith("b.py imports dotenv")


def test_imports_that_may_fail_still_count_where_nothing_catches_them() -> None:
    source = b"try:\n    import a\nexcept KeyError:\n    import b\nelse:\n    import c\nwith open('x'):\n    import d.e"
    assert imported_modules(source) == {"a", "b", "c", "d"}
    assert imported_modules(b"try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c") == {"c"}
    assert imported_modules(b"def (") == frozenset()


def test_the_standard_library_is_the_runtimes_with_every_python() -> None:
    assert {"distutils", "imp", "telnetlib", "tomllib"} <= modules_of_msf("3.11")
    assert not {"distutils", "imp", "asyncore", "compression"} & modules_of_msf("3.12")
    assert "telnetlib" in modules_of_msf("3.12")
    assert "tomllib" not in modules_of_msf("3.10")


def test_jars_beside_a_job_are_named(write_job: Callable[..., PyFlinkProject]) -> None:
    job = write_job(
        {
            "main.py": "JARS = ['iceberg-flink-runtime-1.20-1.7.1.jar']",
            "lib/iceberg-flink-runtime-1.20-1.7.1.jar": "",
            "lib/iceberg-aws-bundle-1.7.1.jar": "",
            "gradle/wrapper/gradle-wrapper.jar": "",
        }
    )
    (problem,) = refusals(job)
    assert problem.startswith(
        "lib/iceberg-aws-bundle-1.7.1.jar, lib/iceberg-flink-runtime-1.20-1.7.1.jar would not be packed, because MSF"
        " takes at most one jar: declare the ones that the job needs as dependencies in a pom"
    )


@pytest.mark.parametrize("source", ["env.add_jars(f'file://{HERE}/lib/more.jar')", "JARS = 'lib/more.jar'"])
def test_a_jar_that_the_job_names_is_needed_beside_a_pom_too(
    write_job: Callable[..., PyFlinkProject], source: str
) -> None:
    job = write_job({"main.py": source, "pom.xml": "<project/>", "lib/more.jar": "", "lib/unused.jar": ""})
    with pytest.raises(PackagingError, match="  - lib/more.jar would not be packed, .* in the pom.xml"):
        job.sources()


def test_a_jar_for_local_runs_that_the_pom_declares_is_not_needed(write_job: Callable[..., PyFlinkProject]) -> None:
    names = ("lib/pyflink-dependencies.jar", "lib/flink-sql-connector-kinesis-4.3.0-1.19.jar")
    pom = "<finalName>pyflink-dependencies</finalName><artifactId>flink-sql-connector-kinesis</artifactId>"
    job = write_job({"main.py": f"JARS = {names}", "pom.xml": pom, **dict.fromkeys(names, "")})
    assert list(job.sources()) == ["main.py"]
    assert job.passed_over == ["lib/ (2 files)"]


def test_a_jar_in_a_package_is_data(write_job: Callable[..., PyFlinkProject]) -> None:
    job = write_job({"konlpy/__init__.py": "", "konlpy/java/aho.jar": ""})
    assert "dep/konlpy/java/aho.jar" in job.sources()


def test_ignored_files_are_listed_without_those_that_maven_reads(write_job: Callable[..., PyFlinkProject]) -> None:
    files = {"README.md": "", "data/a.csv": "", "data/b.csv": "", "job/__init__.py": "", "job/data.csv": ""}
    java = {"java/src/main/java/A.java": "", "udf/pom.xml": "", "lib/unused.jar": ""}
    assert write_job(files).passed_over == ["README.md", "data/ (2 files)"]
    assert write_job({**java, "pom.xml": ""}).passed_over == ["README.md", "data/ (2 files)", "lib/ (1 file)"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"sink/jdbc_sink.py": b"", "main.py": b"import sink"},
            "imports sink, which is in sink, where the job cannot imp",
        ),
        (
            {"app/lib/sink/a.py": b"", "main.py": b"import sink"},
            "which is in app/lib/sink, where the job cannot import it",
        ),
        (
            {"helper.py": b"", "main.py": b"import helper"},
            "imports helper, which is in helper.py, where the job cannot",
        ),
        (
            {"src/helper.py": b"", "main.py": b"import helper"},
            "imports helper, which is in src/helper.py, where the job",
        ),
        (
            {"main.py": b"import boto3"},
            "main.py imports boto3, which is neither in the zip nor part of Python or PyFlink",
        ),
    ],
)
def test_a_zip_that_was_built_elsewhere_is_compared_with_its_imports_too(
    write_archive: Callable[..., Path], files: dict[str, bytes], expected: str
) -> None:
    (problem,) = find_problems(CodeArchive.open(write_archive(files)), runtime=RUNTIME)
    assert expected in problem


def test_modules_below_dep_are_found_in_every_form(write_archive: Callable[..., Path]) -> None:
    elf = b"\x7fELF\x02\x01" + b"\0" * 12 + b"\x3e\0"
    files = {
        "main.py": b"import one, two, three, four",
        "dep/one.py": b"",
        "dep/two/x.py": b"",
        "dep/three.cpython-311-x86_64-linux-gnu.so": elf,
        "dep/four.abi3.so": elf,
    }
    assert find_problems(CodeArchive.open(write_archive(files)), runtime=RUNTIME) == []
