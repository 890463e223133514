from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING, ClassVar

import pytest

from cdk_penstock.local.errors import PackageError, RestError
from cdk_penstock.local.flink.settings import FlinkOptions
from cdk_penstock.local.flink.submission import JarProgram, JobProgram
from cdk_penstock.local.service.flink import application_cluster
from cdk_penstock.local.service.flink.application_cluster import ApplicationCluster, ClusterChoices
from cdk_penstock.local.service.flink.flink_program import prepare_program
from cdk_penstock.local.service.flink.places import ApplicationPlaces
from cdk_penstock.local.service.flink.saves import Saves
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import Launch, SaveState
from cdk_penstock.model.names import RUN_OPTIONS_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

JOB = "/jobs/1"


@pytest.fixture
def places(tmp_path: Path) -> ApplicationPlaces:
    return ApplicationPlaces(tmp_path / "app")


def archive(file: Path, **entries: str) -> Path:
    with zipfile.ZipFile(file, "w") as written:
        for name, text in entries.items():
            written.writestr(name, text)
    return file


def test_the_run_options_decide_what_runs(tmp_path: Path, places: ApplicationPlaces) -> None:
    names = ("main.py", "lib/job.jar", "dep/helper.py", "more.zip")
    code = archive(tmp_path / "job.zip", **dict.fromkeys(names, ""))
    options = {"python": "main.py", "jarfile": "lib/job.jar", "pyFiles": "dep, more.zip"}
    program = prepare_program(code, {RUN_OPTIONS_GROUP: options}, places)
    root = places.code.resolve()
    assert program == JobProgram(
        main=root / "main.py", packages=[root / "dep", root / "more.zip"], jar=root / "lib" / "job.jar"
    )
    packages = f"{root / 'dep'},{root / 'more.zip'}"
    assert program.entry_point["programArgsList"] == ["-py", str(root / "main.py"), "-pyfs", packages]
    module = prepare_program(code, {RUN_OPTIONS_GROUP: {"pyModule": "helper", "pyFiles": "dep"}}, places)
    assert module.entry_point["programArgsList"] == ["-pym", "helper", "-pyfs", str(root / "dep")]
    assert module.name == "helper"


@pytest.mark.parametrize("option", ["python", "jarfile", "pyFiles"])
@pytest.mark.parametrize("name", ["absent.py", "../../outside"])
def test_what_the_run_options_name_must_be_in_the_zip(
    tmp_path: Path, places: ApplicationPlaces, option: str, name: str
) -> None:
    (tmp_path / "outside").touch()
    code = archive(tmp_path / "job.zip", **{"main.py": ""})
    groups = {RUN_OPTIONS_GROUP: {"python": "main.py", option: name}}
    with pytest.raises(PackageError, match=f"the zip has no {name}, which {option} of the property group .*main.py"):
        prepare_program(code, groups, places)


def test_a_jar_without_the_runtime_library_is_run_as_it_is(tmp_path: Path, places: ApplicationPlaces) -> None:
    jar = archive(tmp_path / "job.jar", **{"META-INF/MANIFEST.MF": "", "config.properties": "its.own = 1"})
    assert prepare_program(jar, {}, places) == JarProgram(jar=jar)


def test_a_jar_with_the_runtime_library_reads_the_file_of_the_application(
    tmp_path: Path, places: ApplicationPlaces
) -> None:
    setting = "application_properties_file = /etc/flink/application_properties.json"
    jar = archive(tmp_path / "job", **{"META-INF/MANIFEST.MF": "M", "config.properties": setting, "A.class": "A"})
    before = jar.read_bytes()
    program = prepare_program(jar, {}, places)
    assert isinstance(program, JarProgram)
    assert program.jar == places.code / "job.jar"
    with zipfile.ZipFile(program.jar) as copy:
        assert sorted(copy.namelist()) == ["A.class", "META-INF/MANIFEST.MF", "config.properties"]
        assert copy.read("config.properties").decode() == f"application_properties_file = {places.properties}\n"
        assert copy.read("A.class") == b"A"
    assert jar.read_bytes() == before


def test_code_that_is_neither_zip_nor_jar_is_refused(tmp_path: Path, places: ApplicationPlaces) -> None:
    with pytest.raises(PackageError, match="the code .*absent cannot be read"):
        prepare_program(tmp_path / "absent", {}, places)
    (tmp_path / "text").write_text("no archive", encoding="utf-8")
    with pytest.raises(PackageError, match="the code .*text cannot be read"):
        prepare_program(tmp_path / "text", {}, places)


def test_the_newest_complete_checkpoint_of_any_job_counts(places: ApplicationPlaces) -> None:
    assert places.newest_checkpoint() is None
    for age, (name, complete) in enumerate(
        [("b/chk-1", False), ("a/chk-9", True), ("b/chk-7", True), ("a/chk-3", True)]
    ):
        (places.checkpoints / name).mkdir(parents=True)
        if complete:
            (places.checkpoints / name / "_metadata").touch()
            os.utime(places.checkpoints / name / "_metadata", (1000 - age, 1000 - age))
    newest = places.newest_checkpoint()
    assert newest == places.checkpoints / "a" / "chk-9"
    places.delete_checkpoints(keep=newest)
    assert [job.name for job in places.checkpoints.iterdir()] == ["a"]
    places.delete_checkpoints()
    assert not list(places.checkpoints.iterdir())
    places.delete_all_but_savepoints()
    assert not places.folder.exists()


class FakeFlink:
    """Answers as Flink's REST API does about savepoints."""

    def __init__(self, *answers: dict[str, object]) -> None:
        self.sent: list[tuple[str, str, object]] = []
        self._answers = list(answers)

    def send(self, method: str, path: str, body: object = None) -> dict[str, object]:
        self.sent.append((method, path, body))
        return {"request-id": "7"}

    def get(self, path: str) -> dict[str, object]:
        assert path == f"{JOB}/savepoints/7"
        if not self._answers:
            message = "gone"
            raise RestError(message, answer='{"errors": ["no such operation"]}')
        return self._answers.pop(0)


def advance(saves: Saves, flink: FakeFlink, *, ready: bool = True) -> None:
    saves.advance(flink, JOB, ready=ready)  # type: ignore[arg-type]


def test_a_savepoint_waits_for_the_tasks_and_is_followed_to_its_end(tmp_path: Path) -> None:
    location = tmp_path / "a folder" / "savepoint-1"
    location.mkdir(parents=True)
    (location / "_metadata").write_bytes(b"12345")
    flink = FakeFlink(
        {"status": {"id": "IN_PROGRESS"}},
        {"status": {"id": "COMPLETED"}, "operation": {"location": f"file:{location}"}},
    )
    saves = Saves(tmp_path)
    saves.ask("..", stop=True)
    advance(saves, flink, ready=False)
    assert flink.sent == []
    advance(saves, flink)
    ((method, path, body),) = flink.sent
    assert (method, path) == ("POST", f"{JOB}/stop")
    assert isinstance(body, dict)
    assert body["drain"] is False
    assert body["targetDirectory"].startswith(f"file://{tmp_path}/..-")
    saves.ask("..", stop=True)
    advance(saves, flink)
    assert saves.states[".."].state is SaveState.IN_PROGRESS
    advance(saves, flink)
    saved = saves.states[".."]
    assert (saved.state, saved.location, saved.size_bytes) == (SaveState.DONE, str(location), 5)
    assert not saves.pending
    saves.ask("..", stop=True)
    assert saves.states[".."] == saved
    (location / "_metadata").unlink()
    location.rmdir()
    saves.ask("..", stop=True)
    assert saves.states[".."].state is SaveState.IN_PROGRESS


def test_a_savepoint_that_fails_says_why_and_leaves_no_folder(tmp_path: Path) -> None:
    cause = {"stack-trace": "a.B: outer\n\tat X\nCaused by: c.D: no task runs\n\tat Y"}
    flink = FakeFlink({"status": {"id": "COMPLETED"}, "operation": {"failure-cause": cause}})
    saves = Saves(tmp_path)
    for name, error in (("failing", "c.D: no task runs\nat Y\na.B: outer"), ("forgotten", "no such operation")):
        saves.ask(name, stop=False)
        advance(saves, flink)
        advance(saves, flink)
        assert (saves.states[name].state, saves.states[name].error) == (SaveState.FAILED, error)
    assert flink.sent[0][:2] == ("POST", f"{JOB}/savepoints")
    assert list(tmp_path.iterdir()) == []


def test_only_savepoints_that_wait_fail_while_the_job_restarts(tmp_path: Path) -> None:
    saves = Saves(tmp_path)
    saves.ask("begun", stop=False)
    advance(saves, FakeFlink())
    saves.ask("waits", stop=False)
    saves.fail_waiting("the job is restarting")
    assert {name: save.state for name, save in saves.states.items()} == {
        "begun": SaveState.IN_PROGRESS,
        "waits": SaveState.FAILED,
    }
    saves.fail_all("the job was canceled")
    assert saves.states["begun"].error == "the job was canceled"


class FakeCluster:
    """Takes the place of a FlinkCluster, and knows whether it runs."""

    made: ClassVar[list[FakeCluster]] = []

    def __init__(self, folder: Path, *, python: Path, options: FlinkOptions, environment: dict[str, str]) -> None:
        assert python.name == "python"
        assert environment["APPLICATION_PROPERTIES_FILE"] == str(folder.parent / "application_properties.json")
        self.options = options
        self.job_manager_alive = False
        self.sizes = [options.task_managers]
        self.killed = 0
        self.made.append(self)

    def start(self) -> None:
        self.job_manager_alive = True

    def stop(self) -> None:
        self.job_manager_alive = False

    def resize(self, task_managers: int) -> None:
        self.sizes.append(task_managers)

    def kill_task_manager(self) -> None:
        self.killed += 1


@pytest.fixture
def make_cluster(monkeypatch: pytest.MonkeyPatch, places: ApplicationPlaces) -> Callable[[bool], ApplicationCluster]:
    monkeypatch.setattr(application_cluster, "FlinkCluster", FakeCluster)
    monkeypatch.setattr(application_cluster, "_installed_version", lambda _: "1.20.5")
    monkeypatch.setattr(FakeCluster, "made", [])

    def make(fresh: bool) -> ApplicationCluster:
        options = FlinkOptions(task_manager_memory_mib=900, extra={"a": "b"})
        python = places.folder / "python"
        choices = ClusterChoices(python=python, options=options, fresh_cluster_per_version=fresh)
        return ApplicationCluster(places, choices)

    return make


def order(runtime: str = "FLINK-1_20", **numbers: int) -> Launch:
    return Launch(launch_id="1", code="code", runtime=runtime, **numbers)  # type: ignore[arg-type]


def test_a_cluster_is_kept_and_resized_while_the_slots_stay(
    make_cluster: Callable[[bool], ApplicationCluster], places: ApplicationPlaces
) -> None:
    cluster = make_cluster(False)
    for parallelism in (1, 3, 2):
        cluster.fit(order(parallelism=parallelism))
    (first,) = FakeCluster.made
    assert first.sizes == [1, 3, 2]
    assert (first.options.slots, first.options.task_manager_memory_mib) == (1, 900)
    assert first.options.checkpoint_interval_seconds is None
    extra = first.options.extra or {}
    assert extra["a"] == "b"
    assert extra["execution.checkpointing.dir"] == f"file://{places.checkpoints}"
    cluster.kill_task_manager()
    cluster.replace_lost_task_managers()
    assert (first.killed, first.sizes[3:]) == (1, [2, 2])
    cluster.fit(order(parallelism=4, parallelism_per_kpu=4))
    assert not first.job_manager_alive
    second = FakeCluster.made[1]
    assert (second.options.slots, second.sizes) == (4, [1])
    second.job_manager_alive = False
    assert cluster.running is None
    cluster.kill_task_manager()
    cluster.replace_lost_task_managers()
    assert (second.killed, second.sizes) == (0, [1])
    cluster.fit(order(parallelism=4, parallelism_per_kpu=4))
    assert len(FakeCluster.made) == 3


def test_a_fresh_cluster_per_version_is_a_choice(make_cluster: Callable[[bool], ApplicationCluster]) -> None:
    cluster = make_cluster(True)
    for _ in range(2):
        cluster.fit(order())
    assert [made.job_manager_alive for made in FakeCluster.made] == [False, True]


@pytest.mark.parametrize(
    ("runtime", "error"),
    [
        (
            "FLINK-1_19",
            "runtime FLINK-1_19 needs Flink 1.19, but .*python has 1.20.5: pass the python of",
        ),
        ("FLINK-1_2", "runtime FLINK-1_2 needs Flink 1.2, but "),
        ("SQL-1_0", "runtime must be of the form FLINK-"),
    ],
)
def test_another_runtime_than_the_installed_one_is_refused(
    make_cluster: Callable[[bool], ApplicationCluster], runtime: str, error: str
) -> None:
    with pytest.raises(PenstockError, match=error):
        make_cluster(False).fit(order(runtime))
    assert FakeCluster.made == []
