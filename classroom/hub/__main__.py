"""Start a hub: `python3 course.py hub` for a try-out, `sudo python3 course.py hub FILE` for a class (see README.md)."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

if os.name == "nt":
    raise SystemExit("JupyterHub runs on Linux and macOS alone: on Windows please try it in WSL.")
import fcntl
import pwd

import psutil

from classroom.hub.settings import Settings, are_free
from helpers import ROOT

HERE = Path(__file__).parent
PROXY = Path(sys.prefix, "node_modules", "configurable-http-proxy")


def fetch_proxy() -> None:
    """Put the proxy, in the version that package.json names, beside the hub. SystemExit when it does not come."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"][PROXY.name]
    about = PROXY / "package.json"
    if about.exists() and json.loads(about.read_text())["version"] == wanted:
        return
    print("Fetching the proxy of the hub: once, a few seconds.", flush=True)
    shutil.copy(HERE / "package.json", sys.prefix)
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=sys.prefix, capture_output=True, text=True, check=False)
    if done.returncode:
        code = next((line.split()[-1] for line in done.stderr.splitlines() if " code " in line), "no reason")
        raise SystemExit(
            f"npm could not fetch configurable-http-proxy ({code}): please look at the connection and try again."
        )


def nobody_can_read() -> str:
    """Return the first folder on the way to the course and its Pythons that other users cannot enter; '' when none."""
    pythons = (os.environ["COURSE_PYTHON"], sys.executable)
    for path in (ROOT, *(Path(each) for python in pythons for each in (python, os.path.realpath(python)))):
        for folder in (path, *path.parents):
            if not folder.stat().st_mode & 0o001:
                return str(folder)
    return ""


def check_place(settings: Settings) -> None:
    """Say in a sentence (SystemExit) why this computer cannot run a hub with these settings, if it cannot."""
    if not (ROOT / ".git").exists():
        raise SystemExit(
            "Each student gets a copy by git: please fetch the course by `git clone` and start from there."
        )
    if settings.tried_out:
        return
    if os.geteuid():
        raise SystemExit("A hub that starts each student's programs as that student must be started with sudo.")
    if closed := nobody_can_read():
        raise SystemExit(
            f"Students could not enter {closed}: please put the course where all can read it, such as /srv/course, and "
            "install it with a Python of the system."
        )


def keep_for_one_hub(state: Path) -> None:
    """Hold a folder of state, and pass that on to what this process becomes. SystemExit when a hub runs there."""
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"A hub with the state {state} runs already, or is ending: please stop it first.") from None
    os.set_inheritable(lock, True)


def end_what_is_left(state: Path) -> None:
    """End the proxy and the services of a hub with this state that was killed: they would keep its ports.

    To be called while the state is held: a hub that runs would lose them. The students' servers go on.
    """
    left = []
    for process in psutil.process_iter(["uids"]):
        with contextlib.suppress(psutil.Error):
            if process.info["uids"].real == os.getuid() and process.environ().get("HUB_STATE") == str(state):
                process.terminate()
                left.append(process)
    for process in psutil.wait_procs(left, timeout=5)[1]:
        process.kill()
    # JupyterHub would end, as root, whatever process has this number by now
    (state / "proxy.pid").unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    """Become a hub, with the settings in the file that is named, or for a try-out."""
    usage = "Usage: python3 course.py hub [FILE]   (FILE: settings, made from classroom/hub/class.toml)"
    if arguments in (["-h"], ["--help"]):
        return print(usage)
    if len(arguments) > 1:
        raise SystemExit(usage)
    settings = Settings.read(Path(arguments[0])) if arguments else Settings()
    check_place(settings)
    fetch_proxy()
    settings.state.mkdir(parents=True, exist_ok=True)
    settings.state.chmod(0o700)
    os.umask(0o077)
    keep_for_one_hub(settings.state)
    end_what_is_left(settings.state)
    environ = os.environ | {"HUB_SETTINGS": os.path.abspath(arguments[0]) if arguments else ""}
    environ["HUB_STATE"] = str(settings.state)  # the mark of what belongs to this hub
    if settings.tried_out:
        port = next(filter(are_free, range(settings.port, settings.port + 1000, 10)))
        environ |= {"HUB_PORT": str(port), "HUB_PASSWORD": secrets.token_urlsafe(9)}
        print(
            f"A hub to try out: open http://127.0.0.1:{port} in a browser, and sign in with any name (anna, ben) "
            f"and the password {environ['HUB_PASSWORD']}\nAll are you ({pwd.getpwuid(os.getuid()).pw_name}) on this "
            "computer: it protects nobody from anybody who has the password. What they do is kept in "
            f"{settings.state}. Ctrl-C here stops it. For a class: classroom/hub/README.md.",
            flush=True,
        )
    elif not are_free(settings.port):
        raise SystemExit(f"Port {settings.port}, or one of the two after it, is taken: please set another `port`.")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell lets what it starts with & ignore it, and that is inherited
    os.chdir(settings.state)
    command = [sys.executable, "-P", "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]
    os.execve(sys.executable, command, environ)


if __name__ == "__main__":
    main(sys.argv[1:])
