"""supervisord: its configuration, and the wire to it (XML-RPC over a socket that only we can open)."""

import configparser
import hashlib
import http.client
import os
import pwd
import secrets
import shlex
import socket
import stat
import sys
import xmlrpc.client
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders

ANSWER_WITHIN = 25.0  # seconds; stopping a process may take STOP_WITHIN
STOP_WITHIN = 10  # seconds until SIGKILL
LONGEST_SOCKET = 90  # bytes; the limit is 104 to 108, and supervisord appends its process id while it starts


def not_running() -> RuntimeFailed:
    """What to raise where nobody answers."""
    return RuntimeFailed(
        "The tool supervisor is not running.",
        "Start it with `python manage.py tool_supervisor` (`make run` does), then retry.",
    )


def folder() -> Path:
    """Where supervisord's configuration and log are."""
    return Path(settings.DATA_DIR) / "supervisor"


def configuration() -> Path:
    """supervisord's own configuration file."""
    return folder() / "supervisord.conf"


def programs() -> Path:
    """The folder with a file for each tool."""
    return folder() / "tools"


def program_file(deployment: Deployment) -> Path:
    """A tool's file in it."""
    return programs() / f"{deployment.pk}.conf"


def program_name(deployment: Deployment) -> str:
    """What supervisord calls the tool."""
    return f"tool-{deployment.pk}"


def write_configuration() -> Path:
    """Write supervisord's configuration; returns its path. The password stays what it was, for those who hold it."""
    root = folder()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(0o700)
    programs().mkdir(exist_ok=True, mode=0o700)
    # supervisord warns when its include finds no file at all.
    _write(programs() / "_about.conf", "; One file for each tool that should run, written by the dashboard.\n")
    known = _endpoint()
    sections = {
        "unix_http_server": {
            "file": str(_socket_path()),
            "chmod": "0600",
            "username": "vendo",
            "password": known["password"] if known else secrets.token_hex(24),
        },
        "supervisord": {
            "nodaemon": "true",
            "directory": str(root),
            "logfile": str(root / "supervisord.log"),
            "pidfile": str(root / "supervisord.pid"),
            "childlogdir": str(root),
            "umask": "077",
            "logfile_maxbytes": "5MB",
            "logfile_backups": "3",
            "loglevel": "warn",
        }
        # Without this, supervisord warns that it is root. It need not be; where it is, somebody decided that.
        | ({"user": pwd.getpwuid(0).pw_name} if os.getuid() == 0 else {}),
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "include": {"files": str(programs() / "*.conf")},
    }
    _write(configuration(), _render(sections))
    return configuration()


def write_program(deployment: Deployment) -> None:
    """Write a tool's file. Its command names the deployment and nothing else: the environment comes from the vault."""
    programs().mkdir(parents=True, exist_ok=True, mode=0o700)
    manage = Path(settings.BASE_DIR) / "manage.py"
    command = shlex.join([sys.executable, str(manage), "run_tool", str(deployment.pk)])
    program = {
        "command": command,
        "directory": str(folders.home(deployment)),
        "autostart": "true",
        "autorestart": "unexpected",
        # Our own wrapper takes seconds on a busy machine before the tool begins; it must live well beyond that.
        "startsecs": "10",
        # One that ends sooner is tried again after 1 s, 2 s, 3 s and so on: 85 tries in the first hour, and never the
        # last one, since what it waits for may come back.
        "startretries": "100000",
        "stopwaitsecs": str(STOP_WITHIN),
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        # supervisord expands this value twice.
        "stdout_logfile": str(folders.log(deployment)).replace("%", "%%"),
        "stdout_logfile_maxbytes": "2MB",
        "stdout_logfile_backups": "4",
    }
    _write(program_file(deployment), _render({f"program:{program_name(deployment)}": program}))


def call(method: str, *arguments: Any) -> Any:
    """Ask supervisord. Raises `xmlrpc.client.Fault` for its refusals, `RuntimeFailed` where it does not answer."""
    endpoint = _endpoint()
    if endpoint is None:
        raise not_running()
    server = xmlrpc.client.ServerProxy("http://supervisor/RPC2", transport=_Transport(endpoint))
    try:
        with server:
            return getattr(server, f"supervisor.{method}")(*arguments)
    except (ConnectionError, FileNotFoundError):
        raise not_running() from None
    except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
        raise RuntimeFailed(
            f"The tool supervisor does not answer ({type(error).__name__}).", "Restart it, then retry."
        ) from None


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("supervisor", timeout=ANSWER_WITHIN)
        self.path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self.path)
        except OSError:
            self.close()
            raise


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over that."""

    def __init__(self, endpoint: Mapping[str, str]) -> None:
        login = b64encode(f"{endpoint['username']}:{endpoint['password']}".encode()).decode()
        super().__init__(headers=[("Authorization", f"Basic {login}")])
        self.path = endpoint["file"]

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """A connection for one call."""
        return _Connection(self.path)


def _endpoint() -> Mapping[str, str] | None:
    """Where supervisord listens and what it wants to hear, from its configuration; None where there is none."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(configuration().read_text())
        return {name: value.replace("%%", "%") for name, value in parser.items("unix_http_server")}
    except (OSError, configparser.Error):
        return None


def _socket_path() -> Path:
    """In our folder, or, where that name would be too long for a socket, in a private folder with a short name."""
    path = folder() / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    short = Path("/tmp") / f"vendo-{os.getuid()}-{digest}"  # noqa: S108  (private, and checked below)
    short.mkdir(mode=0o700, exist_ok=True)
    status = short.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RuntimeFailed(f"{short} belongs to somebody else or is open to others.", "Remove it, then start again.")
    return short / "supervisor.sock"


def _render(sections: Mapping[str, Mapping[str, str]]) -> str:
    """The configuration's text. A percent sign would begin an expansion, so it is doubled."""
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key}={value.replace('%', '%%')}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    """Replace the file at once, so that nobody reads half of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
