"""What `make run` does after installing: prepare servers, schema, texts and demo, then become the process manager."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

from environs import EnvError

from console import embedded

# Supervisor closes what it inherits from 5 upward.
KEPT = 4


def free_port(wish: int = 0) -> int:
    """`wish` if nobody listens there, else any free port on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wish))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def smsc_port() -> int:
    """The simulator's port: the one this clone had before, where it is free still."""
    path = embedded.VAR / "smsc.port"
    wish = int(path.read_text()) if path.exists() else 0
    port = free_port(wish)
    path.write_text(str(port))
    return port


def only_one() -> int:
    """The descriptor of this clone's lock, which is held as long as it is open; ends here when another holds it."""
    (embedded.VAR / "log").mkdir(parents=True, exist_ok=True)  # the manager wants it, also where no server is ours
    lock = os.open(embedded.VAR / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(OSError):
            address = (embedded.VAR / "web.address").read_text()
            sys.exit(f"This clone is already running: {address}. For a second stack use a second clone, or VAR_DIR.")
        sys.exit("This clone is just being started or stopped. Try again in a moment.")
    return lock


def check_settings() -> None:
    """Name every setting that is missing or wrong, in one line each, before anything is touched."""
    try:
        import console.settings  # noqa: F401
    except EnvError as error:
        sys.exit(f"The settings are not usable. {error}")


def prepare(*, demo: bool) -> None:
    import django
    from django.core.management import call_command
    from django.db import OperationalError

    with embedded.running(), Path(os.devnull).open("w") as nowhere:
        django.setup()
        try:
            call_command("translations", "compile", stdout=nowhere)
            call_command("migrate", verbosity=0, interactive=False)
            call_command("collectstatic", verbosity=0, interactive=False)
            if demo:
                call_command("demo", stdout=nowhere)
        except OperationalError as error:
            sys.exit(f"The database of DATABASE_URL does not answer: {str(error).strip()}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    os.chdir(embedded.ROOT)
    check_settings()
    from django.conf import settings

    host = os.environ.setdefault("HOST", "127.0.0.1")
    os.environ["PORT"] = str(settings.PORT)
    lock = only_one()
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", settings.PORT)) == 0:
            sys.exit(f"Port {settings.PORT} is taken. Choose another one: PORT={settings.PORT + 1} make run")
    (embedded.VAR / "web.address").write_text(f"http://127.0.0.1:{settings.PORT}")
    demo = not settings.PRODUCTION
    postgres, valkey = embedded.wanted()
    os.environ |= {
        "VAR_DIR": str(embedded.VAR),
        "PYTHON": sys.executable,
        "SMSC_PORT": str(smsc_port()),
        "DEMO": str(demo).lower(),
        "EMBEDDED_POSTGRES": str(postgres).lower(),
        "EMBEDDED_VALKEY": str(valkey).lower(),
        "PYTHONUNBUFFERED": "1",
    }
    os.environ.setdefault("SMSC_OPTIONS", "")
    print(f"Starting on http://{host}:{settings.PORT} …", flush=True)  # noqa: T201
    prepare(demo=demo)
    if postgres or valkey:
        embedded.take_over()
    # Says where everything is once it is up, on our own standard output; the manager opens none for its children.
    subprocess.Popen([sys.executable, "-m", "console.child", sys.executable, "-m", "console.announce"])
    os.dup2(lock, KEPT)  # survives exec; the manager gives its children no descriptors
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", "supervisord.conf"])


if __name__ == "__main__":
    main()
