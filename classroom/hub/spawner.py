"""Start each student's server as that student, and keep it within its memory.

The watch looks at resident memory, as grading does: a limit on address space ends TensorFlow long before.
"""

import contextlib
import os
import pwd
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path

import psutil
from jupyterhub.spawner import LocalProcessSpawner, set_user_setuid
from traitlets import Unicode

from classroom.hub.settings import MADE_UP

LOOK_SECONDS = 0.5
PREFIX = "hw-"  # before the names of users that a hub makes: nobody signs up as root
WATCHED: dict[int, int] = {}  # the number of each student's server, and the bytes that it may hold with all it starts


class CourseSpawner(LocalProcessSpawner):
    """A student's server, as a user of this machine: one of its own, or (to try out) as who started the hub."""

    accounts = Unicode(MADE_UP, config=True, help="as in class.toml; made up: no users, folders alone")
    homes = Unicode(config=True, help="where the made-up homes are")

    @property
    def login(self) -> str:
        """The name of the student's user on this machine."""
        return self.user.name if self.accounts == "pam" else PREFIX + self.user.name

    def make_preexec_fn(self, name: str):
        """Return what the new process does first: become the student, or go into the made-up home."""
        if self.accounts == MADE_UP:
            home = Path(self.homes, self.user.name)
            home.mkdir(parents=True, exist_ok=True)
            return lambda: os.chdir(home)
        become = set_user_setuid(self.login)

        def begin() -> None:
            become()
            os.umask(0o077)

        return begin

    def user_env(self, env: dict) -> dict:
        """Return the environment with the student's name, home and shell."""
        if self.accounts == MADE_UP:
            return env | {"USER": self.user.name, "HOME": str(Path(self.homes, self.user.name)), "SHELL": "/bin/sh"}
        about = pwd.getpwnam(self.login)
        return env | {"USER": self.login, "HOME": about.pw_dir, "SHELL": about.pw_shell or "/bin/sh"}

    async def start(self):
        """Make the student's user where the hub makes them, and start the server."""
        if self.accounts in ("native", "oauth"):
            make_user(self.login)
        address = await super().start()
        self._watch()
        return address

    def load_state(self, state: dict) -> None:
        """Find a server again that has outlived a hub."""
        super().load_state(state)
        if self.pid:
            self._watch()

    def _watch(self) -> None:
        WATCHED[self.pid] = self.mem_limit
        if not any(each.name == "memory" for each in threading.enumerate()):
            threading.Thread(target=watch, name="memory", daemon=True).start()


def make_user(login: str) -> None:
    """Make a user of this machine, with a home that is closed to others, unless it is there."""
    try:
        pwd.getpwnam(login)
    except KeyError:
        command = ["useradd", "--create-home", "--user-group", "--shell", "/bin/bash", "--key", "HOME_MODE=0700", login]
        subprocess.run(command, check=True, capture_output=True)


def watch() -> None:
    """Look again and again, and end the largest process of each student who holds more than is allowed."""
    while True:
        time.sleep(LOOK_SECONDS)
        end_the_largest(WATCHED)


def end_the_largest(allowed: dict[int, int]) -> list[int]:
    """End the largest process below each server whose processes hold more than is allowed; return their numbers.

    allowed: bytes, by the number of the server's process; a server that is gone is taken out.
    """
    seen = {each.pid: each for each in psutil.process_iter(["ppid", "memory_info", "uids"]) if each.info["memory_info"]}
    for pid in set(allowed) - set(seen):
        del allowed[pid]
    # what a student's process has left behind has no parent, and is known by its user (root's is nobody's)
    owner = {seen[pid].info["uids"].real: pid for pid in allowed if seen[pid].info["uids"].real != os.getuid()}
    below = defaultdict(list)
    for pid, process in seen.items():
        while pid in seen and pid not in allowed:
            pid = seen[pid].info["ppid"]
        server = pid if pid in allowed else owner.get(process.info["uids"].real)
        if server:
            below[server].append(process)
    ended = []
    for server, processes in below.items():
        if sum(each.info["memory_info"].rss for each in processes) > allowed[server]:
            rest = [each for each in processes if each.pid != server] or processes
            largest = max(rest, key=lambda each: each.info["memory_info"].rss)
            with contextlib.suppress(psutil.Error):
                largest.kill()
                ended.append(largest.pid)
    return ended
