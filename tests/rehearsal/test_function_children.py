"""Functions in child processes: their time, their environment, their failures, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.functions.function_child import FunctionChild
from cdk_penstock.rehearsal.functions.function_errors import FunctionError, NotRunnableFunctionError
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError
from cdk_penstock.rehearsal.world.play_clocks import BEGIN
from cdk_penstock.rehearsal.world.world import World
from tests.rehearsal.function_world import add_role, asset_folder, deploy, invoker, log_of, run
from tests.rehearsal.provider_bench import allow

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def test_a_handler_sleeps_an_hour_in_a_moment_and_sees_the_time_pass(world: World) -> None:
    code = """
        import datetime, time
        from datetime import date, datetime as imported
        from time import sleep

        def look():
            now = datetime.datetime.now(datetime.UTC)
            universal = imported.utcnow().replace(tzinfo=datetime.UTC)
            looks = [now, imported.now(), universal, imported.today()]
            return [*(each.timestamp() for each in looks), time.time(), time.time_ns() / 1e9]

        def handler(event, context):
            clocks = time.monotonic(), time.perf_counter()
            before = look()
            sleep(3600)
            after = look()
            time.sleep(86400)
            passed = [b - a for a, b in zip(clocks, (time.monotonic(), time.perf_counter()))]
            days = [date.today().isoformat(), datetime.date.today().isoformat(), time.strftime("%Y-%m-%d"),
                    "%d-%02d-%02d" % time.gmtime()[:3]]
            return before, after, passed, days
    """
    began, cpu = time.monotonic(), world.clock()
    before, after, passed, days = run(world, code, timeout_seconds=100_000)
    assert time.monotonic() - began < 10
    assert all(0 <= each - cpu.timestamp() < 1 for each in before)
    assert all(3_600 <= each - cpu.timestamp() < 3_601 for each in after)
    assert all(90_000 <= each < 90_001 for each in passed)
    assert days == ["2026-01-02"] * 4
    assert (world.clock() - BEGIN).total_seconds() >= 90_000


def test_dates_that_code_in_c_makes_are_instances_of_the_replaced_classes(world: World) -> None:
    code = """
        import datetime, email.utils, json
        from datetime import timedelta

        class Own(datetime.datetime):
            pass

        def handler(event, context):
            read = email.utils.parsedate_to_datetime("Thu, 01 Jan 2026 00:00:00 GMT")
            later = datetime.datetime.now(datetime.UTC) + timedelta(days=1)
            are = [isinstance(each, datetime.datetime) and isinstance(each, datetime.date) for each in (read, later)]
            are_not = [isinstance(read, Own), isinstance(datetime.date(2026, 1, 1), datetime.datetime)]
            return are, are_not, later > read
    """
    assert run(world, code) == [[True, True], [False, False], True]


def test_a_wait_with_a_deadline_on_any_clock_ends(world: World) -> None:
    code = """
        import queue, threading, time

        def handler(event, context):
            rounds, end = 0, time.monotonic() + 600
            while time.monotonic() < end:
                time.sleep(20)
                rounds += 1
            try:
                queue.Queue().get(timeout=0.05)
            except queue.Empty:
                pass
            return rounds, threading.Event().wait(0.05), context.get_remaining_time_in_millis() // 1000
    """
    rounds, is_set, left = run(world, code, timeout_seconds=900)
    assert (rounds, is_set) == (30, False)
    assert 298 <= left <= 300


def test_threads_of_a_handler_can_sleep_at_the_same_time(world: World) -> None:
    code = """
        import time
        from concurrent.futures import ThreadPoolExecutor

        def handler(event, context):
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(time.sleep, [10] * 8))
            return time.time()
    """
    assert run(world, code) >= BEGIN.timestamp() + 80


def test_a_sleep_beyond_the_longest_run_is_a_time_out_at_that_moment(world: World) -> None:
    function = deploy(world, "import time\ndef handler(event, context):\n    time.sleep(event)\n", timeout_seconds=60)
    began = world.clock()
    with pytest.raises(FunctionError, match=r"Sandbox\.Timedout: worker: Task timed out after 60\.00 seconds"):
        world.functions.run(function, 61)
    assert 60 <= (world.clock() - began).total_seconds() < 61
    assert world.functions.run(function, 59) is None


def test_output_goes_to_the_log_and_a_handler_reads_nothing_of_the_channel(world: World) -> None:
    code = """
        import os, subprocess, sys

        print("loaded")

        def handler(event, context):
            print("printed")
            print("error", file=sys.stderr)
            os.write(1, b"raw\\n")
            subprocess.run(["sh", "-c", "echo child; cat"], check=True)
            return sys.stdin.read()
    """
    assert run(world, code) == ""
    assert log_of(world).splitlines() == ["loaded", "printed", "error", "raw", "child"]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("def handler(e, c):\n    raise ValueError('no such thing')", "ValueError", "no such thing"),
        ("def handler(e, c):\n    raise SystemExit(3)", "Runtime.ExitError", "function worker exited"),
        ("def handler(e, c):\n    import os; print('last words'); os._exit(1)", "Runtime.ExitError", "last words"),
        ("def handler(e, c):\n    import os; os.kill(os.getpid(), 9)", "Runtime.ExitError", "exited"),
        ("import not_there", "Runtime.ImportModuleError", "Unable to import module 'index': No module named"),
        ("import sys; sys.exit('not here')", "Runtime.ExitError", "not here"),
        ("raise RuntimeError('broken')", "RuntimeError", "broken"),
        ("def handler(", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(e, c):\n    return object()", "Runtime.MarshalError", "Unable to marshal response"),
        ("def handler(e, c):\n    return {'a': {1, 2}}", "Runtime.MarshalError", "set is not JSON serializable"),
    ],
)
def test_a_failure_of_a_function_is_the_error_that_lambda_reports(
    world: World, code: str, kind: str, message: str
) -> None:
    function = deploy(world, code)
    for _ in range(2):  # the second event finds the same, in the same process or a new one
        with pytest.raises(FunctionError) as caught:
            world.functions.run(function, {})
        assert caught.value.kind == kind
        assert message in caught.value.message


def test_a_function_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text(
        "import threading\ndef handler(e, c):\n    print('stuck')\n    threading.Event().wait()\n", encoding="utf-8"
    )
    child = FunctionChild(
        "worker",
        folder=tmp_path,
        handler="index.handler",
        environment={},
        log_file=tmp_path / "logs" / "log",
        answer_seconds=0.5,
    )
    message = {"event": {}, "arn": "", "request_id": "1", "timeout_seconds": 60, "now": 0.0, "environment": {}}
    with pytest.raises(FunctionError, match=r"(?s)Sandbox\.Timedout: .*did not answer within 0\.5 seconds.*stuck"):
        child.run(message, sleep=lambda _seconds: 0.0)
    assert not child.is_alive
    with pytest.raises(FunctionError, match="exited"):
        child.run(message, sleep=lambda _seconds: 0.0)


def test_a_process_is_warm_and_a_crashed_one_is_replaced(world: World) -> None:
    code = """
        import os
        events = []

        def handler(event, context):
            events.append(event)
            if event == "crash":
                os._exit(1)
            return os.getpid(), events
    """
    function = deploy(world, code)
    first, second = (world.functions.run(function, each) for each in (1, 2))
    assert second == [first[0], [1, 2]]
    with pytest.raises(FunctionError):
        world.functions.run(function, "crash")
    third = world.functions.run(function, 3)
    assert third[0] != first[0]
    assert third[1] == [3]


ENVIRONMENT = """
import os

def handler(event, context):
    return dict(os.environ), os.path.expanduser("~"), os.getcwd()
"""


def test_nothing_of_the_outer_settings_reaches_a_function(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_ENDPOINT_URL_KMS",
        "AWS_CA_BUNDLE",
        "HTTPS_PROXY",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "/outer")
    environment = {"CONFIG": "/var/task/config.json", "TWO": "/var/task:/var/task/lib"}
    seen, home, folder = run(world, ENVIRONMENT, environment=environment)
    asset = str(asset_folder(world))
    assert "/outer" not in seen.values()
    assert (seen["CONFIG"], seen["TWO"]) == (f"{asset}/config.json", f"{asset}:{asset}/lib")
    assert (seen["AWS_ENDPOINT_URL"], seen["AWS_REGION"]) == (world.gateway.url, "eu-central-1")
    assert (seen["LAMBDA_TASK_ROOT"], folder) == (asset, asset)
    assert not Path(home).exists()


def test_code_of_the_asset_comes_before_the_library_of_this_interpreter(world: World) -> None:
    package = asset_folder(world) / "cdk_penstock"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("here = True", encoding="utf-8")
    assert run(world, "import cdk_penstock\ndef handler(e, c):\n    return cdk_penstock.here") is True


def test_credentials_are_new_at_each_event_and_calls_arrive_as_the_functions_role(world: World) -> None:
    code = """
        import os, boto3

        def handler(event, context):
            arn = boto3.Session().client("sts").get_caller_identity()["Arn"]
            return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"], arn
    """
    function = deploy(world, code)
    first, second = (world.functions.run(function, {}) for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert first[2] == second[2] == "arn:aws:sts::111122223333:assumed-role/worker/worker"


def test_a_client_that_a_warm_process_keeps_can_be_used_for_days(world: World) -> None:
    code = """
        import boto3
        client = boto3.client("sts")

        def handler(event, context):
            return client.get_caller_identity()["Arn"]
    """
    function = deploy(world, code)
    for hours in (0, 2, 5, 30):
        world.clock.sleep(hours * 3_600)
        assert world.functions.run(function, {}).endswith("/worker")


def test_a_zip_is_run_from_a_folder_of_the_world(world: World, tmp_path: Path) -> None:
    package = tmp_path / "code.zip"
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("inner/main.py", "def run(event, context):\n    return [event, __file__]\n")
    event, file_name = run(world, "", {"a": [1, "ü"]}, code=package, handler="inner/main.run")
    assert event == {"a": [1, "ü"]}
    assert Path(file_name).is_relative_to(world.folder)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"runtime": "nodejs22.x"}, "its runtime is nodejs22.x, and only Python is run here"),
        ({"runtime": "", "code": None}, "its runtime is a container image"),
        ({"code": Path("/nothing/here")}, "its code is not in the assembly"),
    ],
)
def test_a_function_that_is_not_run_here_is_named_with_its_reason(
    world: World, given: dict[str, Any], reason: str
) -> None:
    function = deploy(world, "", **given)
    for _ in range(2):
        with pytest.raises(NotRunnableFunctionError, match=reason):
            world.functions.run(function, {})
    assert len(world.functions.not_run) == 1
    assert reason in world.functions.not_run[0]


def test_lambda_must_be_able_to_assume_the_role_and_the_caller_to_invoke(world: World) -> None:
    function = deploy(world, "def handler(e, c):\n    return 1")
    actor = invoker(world, allow("lambda:InvokeFunction", function.arn))
    assert world.functions.invoke(function.arn, {}, actor) == 1
    add_role(world, "other", service="ec2.amazonaws.com")
    denied = deploy(world, "def handler(e, c):\n    return 1", name="other")
    with pytest.raises(DeniedError, match="lambda:InvokeFunction"):
        world.functions.invoke(denied.arn, {}, actor)
    with pytest.raises(DeniedError, match="sts:AssumeRole"):
        world.functions.run(denied, {})


def test_an_update_ends_the_process_of_the_old_code(world: World) -> None:
    assert run(world, "def handler(e, c):\n    return 'old'") == "old"
    assert run(world, "def handler(e, c):\n    return 'new'") == "new"


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process did not end"
        time.sleep(0.02)


CHILDREN = """
import os, subprocess

def handler(event, context):
    return os.getpid(), subprocess.Popen(["sleep", "100"]).pid
"""


def test_the_end_of_a_world_ends_functions_with_their_own_children_and_the_gateway_at_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        pids = [pid for name in ("one", "two", "three") for pid in run(world, CHILDREN, name=name)]
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    wait_until_gone(pids)


PARENT = """
import sys, time
from pathlib import Path
from cdk_penstock.rehearsal.world.world import World
from tests.rehearsal.function_world import run
from tests.rehearsal.test_function_children import CHILDREN

with World(Path(sys.argv[1])) as world:
    print(*run(world, CHILDREN), flush=True)
    time.sleep(100)
"""


def test_functions_end_when_the_rehearsal_is_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), str(root / "constructs")))}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    ) as parent:
        assert parent.stdout is not None
        pids = [int(each) for each in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)
    wait_until_gone(pids)


@pytest.mark.parametrize(
    ("call", "host"),
    [
        ("urllib.request.urlopen('https://search.example.com/index', timeout=5)", "search.example.com"),
        ("socket.create_connection(('192.0.2.1', 443), timeout=5)", "192.0.2.1"),
        ("socket.getaddrinfo('search.example.com', 443)", "search.example.com"),
        ("socket.socket().connect(('192.0.2.1', 443))", "192.0.2.1"),
    ],
)
def test_a_function_reaches_nothing_outside_of_the_rehearsal_and_the_host_is_named(
    world: World, call: str, host: str
) -> None:
    with pytest.raises(FunctionError, match=f"{host} is outside of the rehearsal"):
        run(world, f"import socket, urllib.request\ndef handler(event, context):\n    {call}\n")
    assert world.gateway.unanswered.sentences == [f"{host}, called by function worker, is not modelled"]


def test_a_host_counts_for_the_event_that_looked_for_it(world: World) -> None:
    code = """
        import contextlib, socket

        def handler(event, context):
            with contextlib.suppress(OSError):
                socket.create_connection((event, 1), timeout=5)
    """
    function = deploy(world, code)
    counts = []
    for host in ("search.example.com", "127.0.0.1", "search.example.com"):
        world.functions.run(function, host)
        counts.append(world.gateway.unanswered.count)
    assert counts == [1, 1, 2]
    assert len(world.gateway.unanswered.sentences) == 1
