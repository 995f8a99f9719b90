"""What a process that opens hostile files with native code is left with: little memory, little time, no secrets.

Both sides need it: the parent, for the `environment` it starts the process with; the process, to `restrict` itself.
"""

from __future__ import annotations

import contextlib
import os
import resource

# What an interpreter may need to find itself and its packages.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """No secret, no address of a server: nothing that a hostile file could make use of."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"LANG": "C.UTF-8"}


def restrict(*, memory: int, cpu: int, grace: int) -> None:
    """Have the kernel limit this process to `memory` bytes and `cpu` seconds; it writes no file and leaves no core.

    SIGXCPU comes after `cpu` seconds and the end `grace` seconds later: at the hard limit the kernel kills without
    saying why. A lower limit that holds already stays. What a platform does not know stays unlimited; the parent's
    clock remains.
    """
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu + grace, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, wanted in limits.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            soft = allowed - grace if name == "RLIMIT_CPU" else allowed
            resource.setrlimit(kind, (max(soft, 0), allowed))
