"""The hub for a class: its settings, students' copies, memory; and once a whole hub that two students use."""

import json
import os
import contextlib
import http.cookiejar
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import fields
from pathlib import Path

import psutil
import pytest

from classroom.hub.own_copy import output_of, update
from classroom.hub.settings import Settings, are_free
from helpers import ROOT

HUB = ROOT / ".venv-hub/bin/python"
TEMPLATE = (ROOT / "classroom/hub/class.toml").read_text(encoding="utf-8")
POSIX = pytest.mark.skipif(os.name == "nt", reason="JupyterHub does not run on Windows")


# --- Settings -------------------------------------------------------------------------------------------------------


def read(tmp_path, text):
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return Settings.read(path)


def test_the_template_has_each_setting_and_is_one(tmp_path):
    settings = read(tmp_path, TEMPLATE)
    assert settings.accounts == "native" and settings.admins == ["kim"] and not settings.tried_out
    assert {*tomllib.loads(TEMPLATE), "oauth"} == {each.name for each in fields(Settings)}
    assert Settings().tried_out


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('host = "digits.example.org"', "", "please set `host`"),
        ('accounts = "native"', 'accounts = "none"', "one of native, pam, oauth"),
        ('accounts = "native"', 'accounts = "oauth"', r"\[oauth\] belong together"),
        ("memory_gb = 2.5", 'memory_gb = "2"', "`memory_gb = '2'` is of the wrong kind"),
        ("students = 10", "students = 0", "should be above zero"),
        ("hours = 12", "hour = 12", "no setting `hour`"),
        ('state = "/var/lib/handwriting-hub"', 'state = "here"', "a whole path"),
        ("port = 8000", "port = ", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, old, new, said):
    assert old in TEMPLATE
    with pytest.raises(SystemExit, match=said):
        read(tmp_path, TEMPLATE.replace(old, new))


@POSIX
def test_a_file_that_holds_a_secret_is_closed_to_others(tmp_path):
    text = TEMPLATE.replace('accounts = "native"', 'accounts = "oauth"') + '[oauth]\nclient_secret = "x"\n'
    with pytest.raises(SystemExit, match="chmod 600"):
        read(tmp_path, text)
    (tmp_path / "hub.toml").chmod(0o600)
    assert read(tmp_path, text).oauth == {"client_secret": "x"}


def test_the_proxy_is_named_with_its_exact_version():
    wanted = json.loads((ROOT / "classroom/hub/package.json").read_text())["dependencies"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", wanted.pop("configurable-http-proxy")) and not wanted


# --- Copies ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    """A course of four files under git, and a student's copy of it."""
    folder, copy = tmp_path / "course", tmp_path / "home" / "course"
    folder.mkdir()
    output_of(folder, "init", "--quiet")
    publish(folder, a="1", b="1", c="1", d="1")
    assert update(copy, folder) == ""
    return folder, copy


def publish(folder: Path, **files: str | None) -> None:
    """Commit files of a course; None: take it out."""
    for name, text in files.items():
        (folder / name).unlink(missing_ok=True)
        if text is not None:
            (folder / name).write_text(text)
    output_of(folder, "add", "--all")
    output_of(folder, "-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "-m", "x")


def texts(copy: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in copy.iterdir() if each.is_file()}


def test_an_update_brings_what_is_new_and_leaves_what_the_student_changed(course):
    folder, copy = course
    (copy / "b").write_text("mine")
    (copy / "d").write_text("mine too")
    (copy / "e").write_text("my own")
    (copy / "f").write_text("of the name of a file to come")
    publish(folder, a="2", b="2", c=None, d=None, f="new")
    news = update(copy, folder)
    mine = {"b": "mine", "d": "mine too", "e": "my own", "f": "of the name of a file to come"}
    assert texts(copy) == {"a": "2"} | mine
    assert "reset b" in news and "reset f" in news and "- d" in news and "- a" not in news and "- e" not in news
    assert update(copy, folder) == "", "it is told once"
    publish(folder, a="3", b="3")
    assert "reset b" in update(copy, folder) and texts(copy) == {"a": "3"} | mine
    output_of(copy, "checkout", "HEAD", "--", "b")  # as `course.py reset` does
    assert texts(copy)["b"] == "3"


def test_an_update_that_was_interrupted_goes_on(course):
    folder, copy = course
    (copy / "b").write_text("mine")
    publish(folder, a="2", b="2", c="2")
    output_of(copy, "fetch", "--quiet", str(folder), "HEAD")
    output_of(copy, "checkout", "FETCH_HEAD", "--", "a")
    news = update(copy, folder)
    assert texts(copy) == {"a": "2", "b": "mine", "c": "2", "d": "1"} and "- a" not in news


def test_a_copy_with_commits_or_staged_changes_is_left_alone(course):
    folder, copy = course
    publish(folder, a="2")
    (copy / "a").write_text("staged")
    output_of(copy, "add", "a")
    assert "staged changes" in update(copy, folder)
    publish(copy, a="mine")
    assert "commits of your own" in update(copy, folder) and texts(copy)["a"] == "mine"


# --- A whole hub -----------------------------------------------------------------------------------------------------


TWO = """
import os, pathlib, subprocess, sys
from classroom.hub import spawner
logins = [spawner.PREFIX + name for name in ("testa", "testb")]
def as_student(login, code, check=True):
    begin = spawner.set_user_setuid(login)
    command = ["/bin/sh", "-c", "umask 077; " + code]
    return subprocess.run(command, preexec_fn=begin, capture_output=True, text=True, check=check).stdout
try:
    for login in logins:
        spawner.make_user(login)
    as_student(logins[0], f"echo secret > ~{logins[0]}/mine")
    print("own:", as_student(logins[0], f"cat ~{logins[0]}/mine").strip())
    tried = f"cat ~{logins[0]}/mine; ls ~{logins[0]}; cat {sys.argv[1]}/key"
    print("other:", as_student(logins[1], tried, check=False))
finally:
    for login in logins:
        subprocess.run(["userdel", "--remove", login], capture_output=True)
"""
ENDED = """
import os, psutil, subprocess, sys, time
from classroom.hub.spawner import end_the_largest
def holding(megabytes, below="pass"):
    code = f"import subprocess, sys, time; held = b'x' * {megabytes} * 2**20; {below}; print(1, flush=True); "
    code += "time.sleep(60)"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
kernel = "subprocess.Popen([sys.executable, '-c', 'import time; held = b\\\\'x\\\\' * 300 * 2**20; time.sleep(60)'])"
over, under = holding(1, kernel), holding(20)
over.stdout.readline(), under.stdout.readline()
below = psutil.Process(over.pid).children()[0]
while below.memory_info().rss < 300 * 2**20:
    time.sleep(0.05)
allowed = {over.pid: 200 * 2**20, under.pid: 200 * 2**20, 2**22 + 1: 1}
print(end_the_largest(allowed) == [below.pid], over.poll(), under.poll(), len(allowed))
over.kill(), under.kill()
"""
LEFT = """
import os, subprocess, sys
from pathlib import Path
from classroom.hub.__main__ import end_what_is_left
def sleeper(**mark):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=os.environ | mark)
state = Path(sys.argv[1])
(state / "proxy.pid").write_text("1")
left, other, unmarked = sleeper(HUB_STATE=str(state)), sleeper(HUB_STATE=str(state / "of another")), sleeper()
end_what_is_left(state)
print(left.poll() is None, other.poll() is None, unmarked.poll() is None, (state / "proxy.pid").exists())
other.kill(), unmarked.kill()
"""
NEEDS_HUB = pytest.mark.skipif(
    not HUB.exists() and not os.environ.get("NEEDS_HUB"),
    reason="the hub is not installed: `python3 course.py hub --help` installs it",
)


def by_the_hub(code: str, *arguments: object) -> str:
    """Run code by the hub's Python; return what it prints."""
    command = [str(HUB), "-c", code, *map(str, arguments)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout


@POSIX
@NEEDS_HUB
def test_at_the_limit_the_largest_process_is_ended_and_others_are_unharmed():
    assert by_the_hub(ENDED).split() == ["True", "None", "None", "2"]


@POSIX
@NEEDS_HUB
def test_what_a_killed_hub_has_left_is_ended_and_nothing_else(tmp_path):
    assert by_the_hub(LEFT, tmp_path).split() == ["False", "True", "True", "False"]


@POSIX
@NEEDS_HUB
@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make two users")
def test_students_read_neither_each_others_files_nor_the_hubs(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "key").write_text("secret of the hub")
    told = by_the_hub(TWO, state)
    assert "own: secret" in told and told.rstrip().endswith("other:"), told


def hear_signals() -> None:
    """Undo what a shell does to what it starts in the background, such as all tests: it hears neither."""
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


@contextlib.contextmanager
def hub(*module: str, ends_by: int = signal.SIGTERM, **settings: str):
    """Run a hub; yield its first lines, until it can be reached, and end it by a signal."""
    path = str(HUB.parent) + os.pathsep + os.environ["PATH"]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "COURSE_PYTHON": sys.executable, "PATH": path} | settings
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    fetch = "from classroom.hub.__main__ import fetch_proxy; fetch_proxy()"  # so that no test depends on another
    subprocess.run([str(HUB), "-P", "-c", fetch], env=environ, check=True)
    process = subprocess.Popen([str(HUB), "-P", "-m", *module], env=environ, preexec_fn=hear_signals, **pipes)
    told = []
    try:
        while not told or "Route added /" not in told[-1]:
            told.append(process.stdout.readline())
            assert told[-1], told
        yield told
    finally:
        process.send_signal(ends_by)
        try:
            process.wait(60)
        finally:
            process.kill()


@POSIX
@NEEDS_HUB
@pytest.mark.long
@pytest.mark.parametrize("ends_by", ["SIGINT", "SIGHUP"])  # that of a closed terminal becomes SIGTERM
def test_a_hub_is_tried_out_and_leaves_nothing_behind(ends_by):
    """It greets whoever comes, keeps its secrets closed, and takes along what it or a killed one has started."""
    with hub("classroom.hub", ends_by=signal.SIGKILL) as told:
        port = int(re.search(r"127\.0\.0\.1:(\d+)", told[0])[1])
    assert not are_free(port), "the killed one's proxy is there"
    with hub("classroom.hub", ends_by=getattr(signal, ends_by)) as told:
        assert f"127.0.0.1:{port} " in told[0] and "password" in told[0] and "protects nobody" in told[1]
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/hub/login", timeout=60).read().decode()
        assert 'id="username_input"' in page
        assert Settings().state.stat().st_mode & 0o077 == 0
    assert are_free(port)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert process.environ().get("HUB_STATE") != str(Settings().state), process


class Plainly(urllib.request.HTTPRedirectHandler):
    """Go by http where a hub sends to https, which a web server in front would speak."""

    def redirect_request(self, *about):
        return super().redirect_request(*about[:-1], about[-1].replace("https:", "http:"))


class Visitor:
    """Somebody at a hub's pages, with the cookies that they got."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}/"
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy))
        self.opener = urllib.request.build_opener(jar, Plainly())

    def page(self, path: str, **form: str) -> tuple[int, str, str]:
        """Get a page, or send it a form; return its code, where that led, and its text."""
        try:
            if form:
                token = re.search(r'name="_xsrf" value="([^"]+)"', self.page(path)[2])[1]
                form = urllib.parse.urlencode(form | {"_xsrf": token}).encode()
            answer = self.opener.open(self.site + path, form or None, timeout=60)
            return answer.status, answer.url.removeprefix(self.site), answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, path, refused.read().decode()

    def signs_up(self, name: str, word: str) -> str:
        form = {"signup_password": word, "signup_password_confirmation": word}
        return self.page("hub/signup", username=name, **form)[2]

    def signs_in(self, name: str, word: str, to: str = "hub/home") -> tuple[int, str, str]:
        return self.page(f"hub/login?next=%2F{urllib.parse.quote_plus(to)}", username=name, password=word)


@pytest.fixture
def entered_by_all():
    """Skip where other users cannot enter the course and its Pythons, as they have to in a class."""
    asked = "from classroom.hub.__main__ import nobody_can_read; print(nobody_can_read())"
    if closed := by_the_hub(
        f"import os, sys; os.environ['COURSE_PYTHON'] = sys.argv[1]; {asked}", sys.executable
    ).strip():
        pytest.skip(f"other users cannot enter {closed}")


@pytest.fixture
def port(tmp_path):
    """The port of a hub with sign-up."""
    port = next(filter(are_free, range(18000, 19000, 10)))
    text = TEMPLATE.replace("port = 8000", f"port = {port}").replace("/var/lib/handwriting-hub", str(tmp_path))
    (tmp_path / "hub.toml").write_text(text.replace("digits.example.org", f"127.0.0.1:{port}"))
    config = ("jupyterhub", "-f", str(ROOT / "classroom/hub/jupyterhub_config.py"))
    with hub(*config, HUB_SETTINGS=str(tmp_path / "hub.toml"), HUB_STATE=str(tmp_path)):
        yield port


@POSIX
@NEEDS_HUB
@pytest.mark.long
def test_a_student_signs_up_and_comes_in_when_an_admin_has_approved(port):
    kim, anna = Visitor(port), Visitor(port)
    assert "at least 10 characters" in anna.signs_up("anna", "short")
    assert "successful" in kim.signs_up("kim", "a long word of kim")
    assert "sent to the admin" in anna.signs_up("anna", "a long word of anna")
    assert "not been authorized" in anna.signs_in("anna", "a long word of anna")[2]
    assert kim.signs_in("kim", "a long word of kim", "hub/authorize")[:2] == (200, "hub/authorize")
    assert anna.page("hub/authorize/anna")[0] == 403
    assert kim.page("hub/authorize/anna")[0] == 200
    assert anna.signs_in("anna", "a long word of anna")[:2] == (200, "hub/home")
    assert anna.page("hub/authorize")[0] == 403 and anna.page("hub/admin")[0] == 403


def processes_of(login: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["username"]) if each.info["username"] == login]


@POSIX
@NEEDS_HUB
@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make users")
def test_a_students_server_is_a_user_of_its_own_and_nobody_elses(entered_by_all, port):
    kim, student, other = (Visitor(port) for _ in range(3))
    kim.signs_up("kim", "a long word of kim")
    kim.signs_in("kim", "a long word of kim", "hub/authorize")
    for visitor, name in ((student, "testa"), (other, "testb")):
        visitor.signs_up(name, "a long word of both")
        kim.page(f"hub/authorize/{name}")
        visitor.signs_in(name, "a long word of both")
    try:
        student.page("hub/spawn")
        while not student.page("user/testa/lab")[1].startswith("user/testa/lab"):
            time.sleep(0.5)
        (server,) = processes_of("hw-testa")
        assert "jupyterhub.singleuser" in server.cmdline() and server.cwd() == "/home/hw-testa/course"
        assert Path(server.cwd()).parent.stat().st_mode & 0o077 == 0
        assert other.page("user/testa/api/contents")[0] == 403
    finally:
        for process in processes_of("hw-testa"):
            process.kill()
        subprocess.run(["userdel", "--remove", "hw-testa"], capture_output=True)
