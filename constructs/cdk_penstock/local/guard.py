"""A process that ends the children of this one when it is killed or crashes."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import threading

CLOSE_TIMEOUT_SECONDS = 5.0
# Reads groups to watch over and to forget. Its input ends when the process that writes to it ends, in whatever way.
SCRIPT = """
trap '' HUP INT TERM
groups=' '
while read -r verb group; do
  case $verb in
    watch) groups="$groups$group " ;;
    forget) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
"""


class ProcessGuard:
    """A shell that kills process groups once this process has ended, however that happens.

    The kernel's signal at a parent's death (``PR_SET_PDEATHSIG``) does less: it comes already when the *thread* ends
    that started the child, it does not reach the child's own children, and only Linux has it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._shell: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        """Have a process group killed at the end of this process."""
        with self._lock:
            self._groups.add(group)
            self._tell("watch", group)

    def forget(self, group: int) -> None:
        """Leave a process group alone; its id may soon mean another one."""
        with self._lock:
            if group in self._groups:
                self._groups.remove(group)
                self._tell("forget", group)

    def close(self) -> None:
        """End the shell, and with it every group that it still watches over."""
        with self._lock:
            if self._shell is not None and self._shell.stdin is not None:
                # A forked child of this process may hold the pipe open.
                with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                    self._shell.stdin.close()
                    self._shell.wait(timeout=CLOSE_TIMEOUT_SECONDS)
                self._shell = None

    def _tell(self, verb: str, group: int) -> None:
        if self._shell is not None and self._shell.poll() is None and self._write(self._shell, f"{verb} {group}\n"):
            return
        self._shell = self._start()
        if self._shell is not None:
            self._write(self._shell, "".join(f"watch {known}\n" for known in sorted(self._groups)))

    def _start(self) -> subprocess.Popen[bytes] | None:
        shell = shutil.which("sh")
        if shell is None:
            return None
        # Its session is separate, so that a signal to this process's group does not reach it.
        return subprocess.Popen(
            [shell, "-c", SCRIPT], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    @staticmethod
    def _write(shell: subprocess.Popen[bytes], text: str) -> bool:
        with contextlib.suppress(OSError):
            if shell.stdin is not None:
                shell.stdin.write(text.encode())
                shell.stdin.flush()
                return True
        return False


process_guard = ProcessGuard()
"""The guard of all children of this process."""
atexit.register(process_guard.close)
