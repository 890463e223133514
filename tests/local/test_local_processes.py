from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cdk_penstock.local.cache import cached_folder, default_cache
from cdk_penstock.local.errors import MissingProgramError, PortInUseError, ProcessDiedError, StartTimeoutError
from cdk_penstock.local.guard import ProcessGuard
from cdk_penstock.local.ports import LOOPBACK, free_ports, require_free_port
from cdk_penstock.local.processes import Command, ManagedProcess, log_tail, run_to_end, wait_until
from cdk_penstock.local.programs import find_java, require_program
from cdk_penstock.local.signals import defer_stop_signals, stop_signals_raise


def command(folder: Path, code: str, name: str = "child") -> Command:
    return Command(
        name=name, arguments=[sys.executable, "-c", code], log_file=folder / "logs" / "child.log", folder=folder
    )


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def wait_for(condition: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_process_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(100)\n"
    )
    process = ManagedProcess(command(tmp_path, code)).start()
    log_file = tmp_path / "logs" / "child.log"
    wait_for(lambda: log_file.read_text(encoding="utf-8").strip())
    pids = [process.pid or 0, int(log_file.read_text(encoding="utf-8"))]
    assert process.alive
    assert process.exit_code() is None
    process.stop()
    wait_for(lambda: all(gone(pid) for pid in pids))
    assert not process.alive
    assert process.pid is None
    process.stop()
    process.kill()


PARENT = """
import subprocess, sys, threading, time
from pathlib import Path
from cdk_penstock.local.processes import Command, ManagedProcess

folder = Path(sys.argv[1])
code = (
    "import subprocess, sys, time; child = subprocess.Popen(['sleep', '100']);"
    "print(child.pid, flush=True); time.sleep(100)"
)

def start(name):
    log_file = folder / name
    command = Command(name=name, arguments=[sys.executable, "-c", code], log_file=log_file, folder=folder)
    process = ManagedProcess(command).start()
    while not log_file.read_text(encoding="utf-8").endswith("\\n"):
        time.sleep(0.02)
    print(process.pid, int(log_file.read_text(encoding="utf-8")), flush=True)

worker = threading.Thread(target=start, args=["of-a-thread"])
worker.start()
worker.join()
start("of-the-main-thread")
time.sleep(100)
"""


def test_children_outlive_the_thread_that_starts_them_and_end_with_their_process(tmp_path: Path) -> None:
    constructs = Path(__file__).resolve().parents[2] / "constructs"
    environment = os.environ | {"PYTHONPATH": str(constructs)}
    arguments = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for _ in range(2) for pid in parent.stdout.readline().split()]
        assert len(pids) == 4
        assert not any(gone(pid) for pid in pids)
        parent.kill()
    wait_for(lambda: all(gone(pid) for pid in pids))


def shell_of(guard: ProcessGuard) -> subprocess.Popen[bytes]:
    assert guard._shell is not None
    return guard._shell


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "100"], start_new_session=True)


def test_a_guard_kills_what_it_watches_over_but_not_what_it_was_told_to_forget() -> None:
    processes = [sleeper() for _ in range(4)]
    guard = ProcessGuard()
    for process in processes:
        guard.watch(process.pid)
    guard.forget(processes[1].pid)
    guard.forget(processes[3].pid)
    guard.forget(processes[3].pid)
    guard.close()
    assert [process.wait(timeout=10) for process in processes[::2]] == [-signal.SIGKILL] * 2
    assert [process.poll() for process in processes[1::2]] == [None, None]
    for process in processes:
        process.kill()
        process.wait()


def test_a_guard_that_was_killed_is_replaced_and_knows_the_groups_of_before() -> None:
    first, second = sleeper(), sleeper()
    guard = ProcessGuard()
    guard.watch(first.pid)
    shell_of(guard).kill()
    shell_of(guard).wait()
    guard.watch(second.pid)
    guard.close()
    guard.close()
    for process in (first, second):
        assert process.wait(timeout=10) == -signal.SIGKILL


def test_processes_start_without_a_shell_for_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    guard = ProcessGuard()
    guard.watch(1)
    guard.forget(1)
    assert guard._shell is None


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(100)"
    process = ManagedProcess(command(tmp_path, code)).start()
    wait_for(lambda: "deaf" in log_tail(tmp_path / "logs" / "child.log"))
    pid = process.pid or 0
    process.stop(timeout_seconds=0.2)
    assert gone(pid)


def test_a_process_that_died_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = ManagedProcess(command(tmp_path, "raise SystemExit('out of luck')", name="kafka")).start()
    with pytest.raises(ProcessDiedError, match=r"kafka ended by itself; the end of its log \(.*\n  out of luck"):
        wait_until(lambda: None, what="luck", timeout_seconds=10, processes=[process])
    process.stop()


def test_waiting_ends_in_time(tmp_path: Path) -> None:
    process = ManagedProcess(command(tmp_path, "import time; time.sleep(100)")).start()
    try:
        assert wait_until(lambda: 7, what="a number", timeout_seconds=1, processes=[process]) == 7
        with pytest.raises(StartTimeoutError, match=r"waited 0.1 s for a sign, in vain; .*\n  \(empty log\)"):
            wait_until(lambda: False, what="a sign", timeout_seconds=0.1, processes=[process])
    finally:
        process.stop()


def test_running_to_the_end(tmp_path: Path) -> None:
    run_to_end(command(tmp_path, "print('fine')"), timeout_seconds=20)
    with pytest.raises(ProcessDiedError, match=r"child ended with exit code 3:\n(.*\n)*  bad"):
        run_to_end(command(tmp_path, "print('bad'); raise SystemExit(3)"), timeout_seconds=20)
    with pytest.raises(StartTimeoutError, match=r"child took longer than 0.2 s"):
        run_to_end(command(tmp_path, "import time; time.sleep(100)"), timeout_seconds=0.2)


def test_a_log_that_is_not_there() -> None:
    assert log_tail(Path("/nonexistent/log")) == "  (no log)"


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_wanted_port_must_be_free() -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} on 127.0.0.1, wanted for Kafka, cannot be used"):
            require_free_port(port, owner="Kafka")
    assert require_free_port(port, owner="Kafka") == port
    assert require_free_port(0, owner="Kafka") > 0


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_wanted_port_must_be_one(port: int) -> None:
    with pytest.raises(
        PortInUseError, match=f"port {port}, wanted for Kafka, is no port: expected 0, for any, to 65535"
    ):
        require_free_port(port, owner="Kafka")


def test_missing_programs_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(MissingProgramError, match="java is not on the PATH .* apt-get install -y openjdk"):
        find_java(purpose="to run Flink")
    with pytest.raises(MissingProgramError, match="mvn is not on the PATH and is needed to build; .* install -y maven"):
        require_program("mvn", purpose="to build")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingProgramError, match="correct JAVA_HOME or unset it"):
        find_java(purpose="to run Flink")
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch()
    assert find_java(purpose="to run Flink") == str(java)


def test_the_cache_is_filled_once_and_only_as_a_whole(tmp_path: Path) -> None:
    calls: list[Path] = []

    def fill(folder: Path) -> None:
        calls.append(folder)
        (folder / "jar").touch()
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder(tmp_path, "jars", fill)
    assert not list(tmp_path.iterdir())
    for _ in range(2):
        assert (cached_folder(tmp_path, "jars", fill) / "jar").is_file()
    assert len(calls) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["jars"]


def test_the_faster_of_two_fills_wins(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "mine").touch()
        (tmp_path / "jars").mkdir()
        (tmp_path / "jars" / "theirs").touch()

    assert [file.name for file in cached_folder(tmp_path, "jars", fill).iterdir()] == ["theirs"]


def test_the_cache_follows_the_users_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "penstock"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "penstock"


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_a_stop_signal_becomes_one_exception(number: signal.Signals, expected: type[BaseException]) -> None:
    before = signal.getsignal(number)
    with pytest.raises(expected), stop_signals_raise():
        try:
            os.kill(os.getpid(), number)
            time.sleep(1)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # while cleaning up, further signals do nothing
            time.sleep(0.05)
    assert signal.getsignal(number) is before


def test_a_signal_waits_for_the_end_of_a_section() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), stop_signals_raise(), stop_signals_raise():
        with defer_stop_signals(), defer_stop_signals():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            steps.append("finished")
        steps.append("never")
    assert steps == ["finished"]


def test_other_threads_do_without_signals() -> None:
    steps: list[str] = []

    def work() -> None:
        with stop_signals_raise(), defer_stop_signals():
            steps.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert steps == ["done"]
