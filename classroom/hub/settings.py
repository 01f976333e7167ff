"""What an instructor decides about a hub, read from a file of TOML and checked before anything starts."""

import os
import socket
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from helpers import ROOT

#: A first start on one's own computer: everybody is the one who started it.
MADE_UP = "made up"
ACCOUNTS = ("native", "pam", "oauth")
PORTS = 3  # the address itself, the proxy's own, and the hub's


@dataclass(frozen=True)
class Settings:
    """The settings of class.toml, which says what each is for; those of a try-out where nothing is given."""

    host: str = ""
    port: int = 8000
    state: Path = ROOT / "my_work" / "hub"
    accounts: str = MADE_UP
    admins: list[str] = field(default_factory=list)
    students: int = 5
    memory_gb: float = 2.5
    idle_minutes: int = 60
    hours: int = 12
    oauth: dict = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the settings in a file. SystemExit, with a sentence, when they are none."""
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise SystemExit(f"{path} cannot be read as settings of a hub: {problem}") from None
        for name in sorted(set(given) - {each.name for each in fields(cls)}):
            raise SystemExit(f"{path}: there is no setting `{name}`; classroom/hub/class.toml has all of them.")
        for name in ("host", "state", "accounts", "admins"):
            if not given.get(name):
                raise SystemExit(f"{path}: please set `{name}`, as in classroom/hub/class.toml.")
        for each in fields(cls):
            kinds = {float: (int, float), Path: str}.get(each.type, getattr(each.type, "__origin__", each.type))
            value = given.get(each.name)
            if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
                raise SystemExit(
                    f"{path}: `{each.name} = {value!r}` is of the wrong kind; see classroom/hub/class.toml."
                )
            if isinstance(value, int | float) and value <= 0:
                raise SystemExit(f"{path}: `{each.name} = {value}` should be above zero.")
        if given["accounts"] not in ACCOUNTS:
            raise SystemExit(f"{path}: `accounts` is one of {', '.join(ACCOUNTS)}, not {given['accounts']}.")
        if (given["accounts"] == "oauth") != bool(given.get("oauth")):
            raise SystemExit(f'{path}: `accounts = "oauth"` and the table [oauth] belong together.')
        if given["accounts"] == "oauth" and os.name == "posix" and path.stat().st_mode & 0o077:
            raise SystemExit(f"{path} holds a secret, and others can read it: please run `chmod 600 {path}`.")
        if not Path(given["state"]).is_absolute():
            raise SystemExit(f"{path}: `state` should be a whole path, such as /var/lib/handwriting-hub.")
        return cls(**given | {"state": Path(given["state"])})

    @property
    def tried_out(self) -> bool:
        """Whether this is a try-out with made-up accounts."""
        return self.accounts == MADE_UP


def are_free(port: int) -> bool:
    """Return whether a hub can have this port of loopback and those after it."""
    for each in range(port, port + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that a hub has left a moment ago is free
            try:
                probe.bind(("127.0.0.1", each))
            except OSError:
                return False
    return True
