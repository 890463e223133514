from __future__ import annotations

import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.packaging import CodeArchive, PackagingError, PyFlinkProject, build_package, pyflink_builder
from cdk_penstock.packaging.deterministic_zip import rewrite_jar
from cdk_penstock.packaging.job_jar import build_jar, find_jar
from tests.conftest import make_jar
from tests.packaging.test_third_party import write_wheel

RUNTIME = FlinkRuntime.FLINK_1_20

ROOT = Path(__file__).resolve().parents[2]


def write_project(folder: Path) -> Path:
    """Write a small job without requirements."""
    (folder / "job" / "data").mkdir(parents=True)
    (folder / "main.py").write_text("from job import run\n")
    (folder / "generator.py").write_text("import json\n")
    (folder / "job" / "__init__.py").write_text("def run(): ...\n")
    (folder / "job" / "data" / "models.csv").write_text("vehicleId,model\n")
    (folder / "pom.xml").write_text("<project/>")
    for stray in ("job/__pycache__/x.pyc", ".venv/lib/y.py", "target/old.txt", "notes/z.py", ".DS_Store"):
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (folder / stray).write_text("stray")
    return folder


@pytest.fixture
def fake_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Maven on the path that copies a jar, and counts its runs."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "the.jar").write_bytes(make_jar({"b.txt": b"b", "a.txt": b"a"}))
    script = f"""#!/bin/sh
echo run >> {tmp_path}/runs
while [ "$1" != "-f" ]; do shift; done
mkdir -p "$(dirname "$2")/target"
cp {tmp_path}/the.jar "$(dirname "$2")/target/pyflink-dependencies.jar"
cp {tmp_path}/the.jar "$(dirname "$2")/target/original-pyflink-dependencies.jar"
"""
    for name, text in (("mvn", script), ("javac", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return tmp_path


def runs(fake_maven: Path) -> int:
    log = fake_maven / "runs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_the_zip_holds_the_job_and_nothing_stray(tmp_path: Path, fake_maven: Path) -> None:
    package = build_package(PyFlinkProject(write_project(tmp_path / "project")), runtime=RUNTIME)
    assert sorted(CodeArchive.open(package.path).entries) == [
        "dep/job/__init__.py",
        "dep/job/data/models.csv",
        "generator.py",
        "lib/pyflink-dependencies.jar",
        "main.py",
        "penstock-package.json",
    ]
    assert runs(fake_maven) == 1


def write_empty(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_a_package_is_complete_with_every_module_name(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    before = set(PyFlinkProject(project).sources())
    modules = ["job/setup.py", "job/conftest.py", "job/target/__init__.py", "job/build/plan.py", "job/tests/data.json"]
    packages = ["dist/__init__.py", "dist/run.py", "venv/__init__.py"]
    write_empty(project, [*modules, *packages])
    assert set(PyFlinkProject(project).sources()) - before == {f"dep/{name}" for name in [*modules, *packages]}
    assert PyFlinkProject(project).packages == ["dist", "job", "venv"]


def test_tests_build_output_and_caches_go_nowhere(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    before = PyFlinkProject(project).fingerprint()
    at_top = [
        "tests/__init__.py",
        "tests/test_job.py",
        "setup.py",
        "conftest.py",
        "build/x.py",
        "dist/x.py",
        "venv/x.py",
    ]
    write_empty(
        project, [*at_top, "job/.venv/x.py", "job/node_modules/x.js", "job/x.egg-info/PKG-INFO", "job/.DS_Store"]
    )
    assert PyFlinkProject(project).fingerprint() == before


def test_maven_output_in_a_module_is_not_input_but_a_java_package_of_its_name_is(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    write_empty(project, ["udf/pom.xml"])
    before = PyFlinkProject(project).fingerprint()
    write_empty(project, ["udf/target/udf.jar"])
    assert PyFlinkProject(project).fingerprint() == before
    write_empty(project, ["udf/src/main/java/io/target/Rule.java"])
    assert PyFlinkProject(project).fingerprint() != before


def test_two_builds_in_two_folders_at_two_times_are_byte_identical(tmp_path: Path, fake_maven: Path) -> None:
    first = write_project(tmp_path / "first")
    second = tmp_path / "elsewhere" / "second"
    shutil.copytree(first, second)
    for path in second.rglob("*"):
        os.utime(path, (1, 1))
    shutil.move(fake_maven / "the.jar", fake_maven / "old.jar")
    (fake_maven / "the.jar").write_bytes((fake_maven / "old.jar").read_bytes())
    one = build_package(PyFlinkProject(first), runtime=RUNTIME)
    # The same classes in another order, at another time and compressed, as another Maven would write them.
    with zipfile.ZipFile(fake_maven / "the.jar", "w", zipfile.ZIP_DEFLATED) as jar:
        for name, content in (("a.txt", b"a"), ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), ("b.txt", b"b")):
            jar.writestr(zipfile.ZipInfo(name, (2020, 5, 5, 5, 5, 4)), content)
    two = build_package(PyFlinkProject(second), runtime=RUNTIME)
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.sha256 == two.sha256


def test_an_unchanged_job_is_not_built_again(tmp_path: Path, fake_maven: Path) -> None:
    project = write_project(tmp_path / "project")
    first = build_package(PyFlinkProject(project), runtime=RUNTIME)
    second = build_package(PyFlinkProject(project), runtime=RUNTIME)
    assert (first.reused, second.reused) == (False, True)
    assert (first.path, first.sha256) == (second.path, second.sha256)
    assert runs(fake_maven) == 1


@pytest.mark.parametrize("changed", ["main.py", "job/data/models.csv", "pom.xml", "java/New.java"])
def test_any_changed_input_builds_again(tmp_path: Path, fake_maven: Path, changed: str) -> None:
    project = write_project(tmp_path / "project")
    first = build_package(PyFlinkProject(project), runtime=RUNTIME)
    path = project / changed
    path.parent.mkdir(exist_ok=True)
    path.write_text("# changed\n")
    second = build_package(PyFlinkProject(project), runtime=RUNTIME)
    assert second.path != first.path
    assert runs(fake_maven) == 2


PARENT = "<parent><groupId>g</groupId><artifactId>jobs</artifactId><version>1</version>{}</parent>"


@pytest.mark.parametrize(
    ("pom", "builds"),
    [
        (f"<project>{PARENT.format('')}</project>", 2),
        (f'<project xmlns="http://maven.apache.org/POM/4.0.0">{PARENT.format("")}</project>', 2),
        (f"<project>{PARENT.format('<relativePath>..</relativePath>')}</project>", 2),
        (f"<project>{PARENT.format('<relativePath/>')}</project>", 1),
        (f"<project>{PARENT.format('<relativePath>../other.xml</relativePath>')}</project>", 1),
        ("<project><!-- <parent></parent> --></project>", 1),
        ("no xml", 1),
    ],
)
def test_what_a_job_shares_through_its_maven_parent_builds_it_again(
    tmp_path: Path, fake_maven: Path, pom: str, builds: int
) -> None:
    project = write_project(tmp_path / "jobs" / "project")
    (project / "pom.xml").write_text(pom)
    (tmp_path / "jobs" / "pom.xml").write_text("<project/>")
    shared = tmp_path / "jobs" / "connectors" / "Table.java"
    shared.parent.mkdir()
    shared.write_text("class Table {}")
    packages = [build_package(PyFlinkProject(project), runtime=RUNTIME)]
    assert not [path for path in PyFlinkProject(project).shared_files if path.is_relative_to(project)]
    for name in ("target", ".penstock"):
        (shared.parent / "pom.xml").write_text("<project/>")
        (shared.parent / name).mkdir(exist_ok=True)
        (shared.parent / name / "left.jar").write_text(name)
    shared.write_text("final class Table {}")
    packages.append(build_package(PyFlinkProject(project), runtime=RUNTIME))
    assert runs(fake_maven) == len({each.path for each in packages}) == builds
    (shared.parent / "target" / "left.jar").write_text("built again")
    assert build_package(PyFlinkProject(project), runtime=RUNTIME).reused


def test_of_two_builds_at_once_the_second_waits_and_takes_the_first(tmp_path: Path, fake_maven: Path) -> None:
    project = write_project(tmp_path / "project")
    maven = fake_maven / "programs" / "mvn"
    maven.write_text(maven.read_text().replace("mkdir", "sleep 0.2; mkdir", 1))
    with ThreadPoolExecutor() as both:
        tasks = [both.submit(build_package, PyFlinkProject(project), runtime=RUNTIME) for _ in range(2)]
    builds = [task.result() for task in tasks]
    assert sorted(build.reused for build in builds) == [False, True]
    assert builds[0].path == builds[1].path
    assert runs(fake_maven) == 1


def test_another_runtime_is_another_build(tmp_path: Path, fake_maven: Path) -> None:
    project = write_project(tmp_path / "project")
    build_package(PyFlinkProject(project), runtime=RUNTIME)
    assert not build_package(PyFlinkProject(project), runtime=FlinkRuntime.FLINK_1_19).reused
    assert runs(fake_maven) == 2


def test_old_builds_are_deleted_and_git_ignores_builds(tmp_path: Path, fake_maven: Path) -> None:
    project = write_project(tmp_path / "project")
    for number in range(5):
        (project / "main.py").write_text(f"x = {number}\n")
        newest = build_package(PyFlinkProject(project), runtime=RUNTIME)
    builds = list((project / ".penstock").glob("*.zip"))
    assert len(builds) == 3
    assert newest.path in builds
    assert (project / ".penstock" / ".gitignore").read_text() == "*\n"
    assert runs(fake_maven) == 5


def test_a_refused_build_leaves_nothing_behind(tmp_path: Path, fake_maven: Path) -> None:
    project = write_project(tmp_path / "project")
    (project / "main.py").write_text("def (\n")
    with pytest.raises(PackagingError, match=r"project would not run:\n  - main.py:1 does not compile"):
        build_package(PyFlinkProject(project), runtime=RUNTIME)
    assert list((project / ".penstock").glob("*.zip")) == []


def test_third_party_packages_lie_beside_the_jobs_own(
    tmp_path: Path, fake_maven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path, "alpha", "py3-none-any")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    project = write_project(tmp_path / "project")
    (project / "requirements.txt").write_text("alpha==1.0\n")
    package = build_package(PyFlinkProject(project), runtime=RUNTIME)
    assert {"dep/alpha/__init__.py", "dep/job/__init__.py"} <= set(CodeArchive.open(package.path).entries)
    (project / "alpha").mkdir()
    (project / "alpha" / "__init__.py").write_text("")
    with pytest.raises(PackagingError, match="own packages alpha have the names of packages"):
        build_package(PyFlinkProject(project), runtime=RUNTIME)


def test_entry_points_that_import_each_other_are_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    (project / "main.py").write_text("from generator import run\nimport job.x, generator\n")
    with pytest.raises(PackagingError, match="main.py imports generator, which MSF does not put on the job's path"):
        PyFlinkProject(project).sources()


def test_an_entry_point_must_be_at_the_top(tmp_path: Path) -> None:
    project = PyFlinkProject(write_project(tmp_path / "project"))
    project.check_entry_point("generator.py")
    with pytest.raises(PackagingError, match="'job/x.py' is not in .*, at its top is generator.py, main.py: choose"):
        project.check_entry_point("job/x.py")


def test_a_folder_without_a_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="has no Python file at its top"):
        PyFlinkProject(tmp_path)


def test_a_job_without_a_pom_has_no_jar(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x = 1\n")
    package = build_package(PyFlinkProject(tmp_path), runtime=RUNTIME)
    assert CodeArchive.open(package.path).jars == []


def test_a_runtime_without_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="FLINK-1_8 runs no Python jobs"):
        build_package(PyFlinkProject(write_project(tmp_path / "p")), runtime=FlinkRuntime.FLINK_1_8)


def test_a_failing_maven_is_quoted(tmp_path: Path, fake_maven: Path) -> None:
    (fake_maven / "programs" / "mvn").write_text("#!/bin/sh\necho '[ERROR] no such artifact'\nexit 1\n")
    with pytest.raises(PackagingError, match=r"exit code 1\):\n\[ERROR\] no such artifact"):
        build_jar(write_project(tmp_path / "project") / "pom.xml")


def test_maven_is_quoted_without_colours_and_without_its_advice(tmp_path: Path, fake_maven: Path) -> None:
    lines = [
        r"\033[0m[\033[1;31mERROR\033[m] Failed to execute goal: no such artifact -> [Help 1]",
        "[ERROR] ",
        "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.",
        "[ERROR] Re-run Maven using the -X switch to enable full debug logging.",
        "[ERROR] For more information about the errors and possible solutions, please read the following articles:",
        "[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/DependencyResolutionException",
        "[ERROR] After correcting the problems, you can resume the build with the command",
        "[ERROR]   mvn <args> -rf :b",
        r"[ERROR] COMPILATION ERROR : \033]0;title\007A.java:[1,1]\033[0m",
        r"\033[0m\033[0m",
    ]
    script = "".join(f"printf '{line}\\n'\n" for line in lines)
    (fake_maven / "programs" / "mvn").write_text(f"#!/bin/sh\n{script}exit 1\n")
    with pytest.raises(PackagingError) as error:
        build_jar(write_project(tmp_path / "project") / "pom.xml")
    assert str(error.value).splitlines()[1:] == [
        "[ERROR] Failed to execute goal: no such artifact",
        "[ERROR] COMPILATION ERROR : A.java:[1,1]",
    ]


def test_a_damaged_jar_from_maven_is_named(tmp_path: Path, fake_maven: Path) -> None:
    (fake_maven / "the.jar").write_bytes(b"no jar")
    with pytest.raises(
        PackagingError, match="Maven left .*pyflink-dependencies.jar, which is not a jar .File is not a zip"
    ):
        build_jar(write_project(tmp_path / "project") / "pom.xml")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.py").write_text("x = 1\n")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyflink_builder, "write_zip", refuse)
    with pytest.raises(
        PackagingError, match="cannot write builds into .* .No space left on device.: make .* writable, and"
    ):
        build_package(PyFlinkProject(tmp_path), runtime=RUNTIME)
    assert list((tmp_path / ".penstock").glob("*.zip")) == []


def test_a_jdk_at_java_home_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, home = tmp_path / "programs", tmp_path / "jdk" / "bin"
    for path in (programs / "mvn", home / "javac"):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\nexit 9\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(PackagingError, match="needs a JDK .javac., not found"):
        build_jar(tmp_path / "pom.xml")
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    with pytest.raises(PackagingError, match="exit code 9"):
        build_jar(tmp_path / "pom.xml")


@pytest.mark.parametrize("jars", [[], ["a.jar", "b.jar"], ["a-sources.jar", "original-a.jar", "a-tests.jar"]])
def test_maven_must_leave_exactly_one_jar(tmp_path: Path, jars: list[str]) -> None:
    for name in jars:
        (tmp_path / name).write_bytes(make_jar())
    with pytest.raises(PackagingError, match="exactly one jar, Maven left"):
        find_jar(tmp_path)


def test_a_rewritten_jar_keeps_its_content_and_its_manifest_first(tmp_path: Path) -> None:
    source = tmp_path / "a.jar"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr("A/", b"")
        jar.writestr("A/b.class", b"b")
        jar.writestr("META-INF/MANIFEST.MF", b"m")
        jar.writestr("A.class", b"a")
    target = tmp_path / "b.jar"
    target.write_bytes(rewrite_jar(source))
    with zipfile.ZipFile(target) as jar:
        assert jar.namelist() == ["META-INF/MANIFEST.MF", "A.class", "A/b.class"]
        assert jar.read("A/b.class") == b"b"


@pytest.mark.build
def test_the_bundled_job_is_byte_identical_from_two_folders_at_two_times(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("target", ".penstock", "__pycache__")
    folders = [tmp_path / "first", tmp_path / "elsewhere" / "second"]
    for folder in folders:
        shutil.copytree(ROOT / "flink_app", folder, ignore=skipped)
    os.utime(folders[1] / "pom.xml", (1, 1))
    one, two = (build_package(PyFlinkProject(folder / "vehicle_metrics"), runtime=RUNTIME) for folder in folders)
    assert not one.reused
    assert not two.reused
    assert one.path.read_bytes() == two.path.read_bytes()
    with zipfile.ZipFile(one.path) as archive, archive.open("lib/pyflink-dependencies.jar") as stream:
        services = zipfile.ZipFile(stream).read("META-INF/services/org.apache.flink.table.factories.Factory").decode()
    assert "KafkaDynamicTableFactory" in services
    assert "io.penstock" in services
