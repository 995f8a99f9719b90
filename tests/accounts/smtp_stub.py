"""A mail server on loopback that takes down what it is given, and answers as it is told."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


class Stub(socketserver.ThreadingTCPServer):
    """`answers`: command → reply ("RCPT": "550 5.1.1 No such user"); `taken`: (recipient, message) in order."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers: dict[str, str] = {}
        self.taken: list[tuple[str, EmailMessage]] = []
        self.delay = 0.0
        self.hang_up_after_data = False
        self.talks = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Talk(socketserver.StreamRequestHandler):
    server: Stub

    def handle(self) -> None:
        self.server.talks += 1
        self.say("220 stub")
        recipient = ""
        for line in self.rfile:
            verb = line[:4].decode().upper().strip()
            if verb in self.server.answers:
                self.say(self.server.answers[verb])
            elif verb == "DATA":
                self.data(recipient)
                if self.server.hang_up_after_data:
                    return
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                if verb == "RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                self.say("250 ok")

    def data(self, recipient: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        time.sleep(self.server.delay)
        parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.server.taken.append((recipient, parsed))
        if not self.server.hang_up_after_data:
            self.say("250 taken")

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


@contextmanager
def running() -> Iterator[Stub]:
    with Stub() as stub:
        thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
