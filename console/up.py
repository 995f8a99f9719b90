"""What `make run` does after installing: prepare servers, schema, texts and demo, then become the process manager."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from console import embedded


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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(port))
    return port


def prepare(*, demo: bool) -> None:
    import django
    from django.core.management import call_command

    with embedded.running(), Path(os.devnull).open("w") as nowhere:
        django.setup()
        call_command("translations", "compile", stdout=nowhere)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        if demo:
            call_command("demo", stdout=nowhere)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    os.chdir(embedded.ROOT)
    port = int(os.environ.setdefault("PORT", "8000"))
    host = os.environ.setdefault("HOST", "127.0.0.1")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is taken. Choose another one: PORT={port + 1} make run")
    demo = os.environ.get("MODE", "demo") == "demo"
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
    print(f"Starting on http://{host}:{port} …", flush=True)  # noqa: T201
    prepare(demo=demo)
    if postgres or valkey:
        embedded.take_over()
    # Says where everything is once it is up, on our own standard output; the manager opens none for its children.
    subprocess.Popen([sys.executable, "-m", "console.child", sys.executable, "-m", "console.announce"])
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", "supervisord.conf"])


if __name__ == "__main__":
    main()
