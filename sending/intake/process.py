"""The parent's side of the child that reads a sheet: start it, take its rows, hear its reports, end it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, cast

from django.conf import settings

from console.lib import confined
from console.lib.sheets import Code
from sending.intake.child import Spec
from sending.intake.summary import Summary

CHUNK = 1 << 20
_F_SETPIPE_SZ = 1031  # Linux: a larger pipe, so that child and database wait less for each other

# How the kernel and the native reader end a child, and what that says about the file.
_ENDINGS = {
    -signal.SIGABRT: Code.TOO_BIG_MEMORY,  # Rust's answer to an allocation that fails
    -signal.SIGKILL: Code.TOO_BIG_MEMORY,  # not by us: the kernel was out of memory
    -signal.SIGXCPU: Code.TOO_SLOW,
}


class Unreadable(Exception):
    """The file cannot be used; `fault` is what the page will say: {"code": …, and what the sentence needs}.

    `preview`: the first rows, where the file could be opened at all, so that columns can be chosen.
    """

    def __init__(self, fault: dict[str, Any], preview: dict[str, Any] | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.preview = preview or {}


class Interrupted(Exception):
    """Somebody ended the child while the machine or the worker was being stopped: the file is not to blame."""


class Child:
    """One run of `sending.intake.child`; leaving the context ends it, whatever it does."""

    def __init__(self, **spec: Any) -> None:
        self._reports, theirs = os.pipe()
        self.expected = self.rows = 0
        self.summary: dict[str, Any] | None = None
        self.preview: dict[str, Any] = {}
        self.refers: list[tuple[int, int]] = []  # (file, row) that its rows correct
        self._fault: dict[str, Any] | None = None
        self._ended_by_us = ""
        self._partial = b""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sending.intake.child"],
                cwd=settings.BASE_DIR,
                env=confined.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs,),
                start_new_session=True,  # what stops the worker's group must not look like a fault of the file
            )
        except OSError:
            os.close(self._reports)
            raise
        finally:
            os.close(theirs)
        assert self._process.stdin and self._process.stdout
        self._out = self._process.stdout.fileno()
        _enlarge(self._out)
        with self._process.stdin as stdin:
            stdin.write(Spec(**spec, report=theirs).to_json().encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._reports)
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def chunks(self) -> Iterator[bytes]:
        """The rows as they come, in pieces of COPY text. Ends when the child ends, well or not: see `finish`."""
        while chunk := os.read(self._out, CHUNK):
            yield chunk

    def listen(self, seconds: float) -> bool:
        """Take in what the child reports within `seconds`; False once it has no more to say."""
        ready, _, _ = select.select([self._reports], [], [], seconds)
        if not ready:
            return True
        data = os.read(self._reports, CHUNK)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            report = json.loads(line)
            self.expected = report.get("expected", self.expected)
            self.rows = report.get("rows", self.rows)
            self.summary = report.get("summary", self.summary)
            self._fault = report.get("fault", self._fault)
            self.preview = report.get("preview", self.preview)
            self.refers += report.get("refers", ())
        return bool(data)

    def end(self, why: str) -> None:
        """Kill it; `why` is the fault's code, or empty where the file is not to blame."""
        self._ended_by_us = why
        self._process.kill()

    def finish(self) -> Summary:
        """The summary, once all rows were taken and all reports heard. Raises Unreadable, Interrupted."""
        code = self._process.wait()
        if self._ended_by_us:
            raise Unreadable({"code": self._ended_by_us}, self.preview)
        if self._fault:
            raise Unreadable(self._fault, self.preview)
        if code in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
            raise Interrupted
        if code or self.summary is None:
            raise Unreadable({"code": str(_ENDINGS.get(code, Code.DAMAGED))}, self.preview)
        return cast(Summary, self.summary)


def _enlarge(pipe: int) -> None:
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(pipe, _F_SETPIPE_SZ, CHUNK)
        except OSError:
            return  # the system grants no more; slower, nothing else
