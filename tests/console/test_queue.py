"""Hints are sent when there is somebody to take them, and cost nobody time when there is not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from celery import current_app

from console.lib import queue


@pytest.fixture
def hanging_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Takes connections and never answers; gives those that came."""
    came: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        connection = current_app.connection_for_write(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        monkeypatch.setattr(current_app, "connection_for_write", connection.clone)
        monkeypatch.setattr(queue, "_away_until", 0.0)
        monkeypatch.setattr(queue, "QUICKLY", queue.QUICKLY | {"socket_timeout": 0.2, "socket_connect_timeout": 0.2})
        yield came
        for each in came:
            each.close()


def test_after_one_wait_in_vain_nobody_waits_again(hanging_broker: list[socket.socket]) -> None:
    queue.hint("sending.sweep")
    began = time.monotonic()
    for _ in range(20):
        queue.hint("sending.sweep")
    assert time.monotonic() - began < 0.2, "each of these would have waited as long as the first"


def test_later_it_is_tried_again(hanging_broker: list[socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    queue.hint("sending.sweep")
    tried: list[str] = []
    monkeypatch.setattr(queue, "_away_until", time.monotonic() - 1)
    monkeypatch.setattr(current_app, "send_task", lambda name, **_options: tried.append(name))
    queue.hint("sending.sweep")
    assert tried == ["sending.sweep"]
