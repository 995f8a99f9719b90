"""Logs hold no full number and no secret, whatever the caller passed."""

from __future__ import annotations

import pytest

from console.lib.redaction import mask
from console.logs import redact


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+8613812345678", "+861****5678"),
        ("13812345678", "138****5678"),
        ("号码13812345678不对", "号码138****5678不对"),
        ("tel13812345678", "tel138****5678"),
        ("Mobile-13812345678", "Mobile-138****5678"),
        ("2026-11-21", "2026-11-21"),
        ("job 12345", "job 12345"),
    ],
)
def test_numbers_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "link",
    [
        "/sign-up/confirm/MTIzNDU:1xUwQm:j5Y6F--mj3L1_xtcUS0DJaimsCr6XSTLU3aa2--hu4s/",
        "/password/new/2n-c0ffee-5f4dcc3b5aa765d61d8327deb882cf99/",
        "/invitations/ROw9cVb6yM2Yp3Qf8sLk1Zx7Nt4Hj5Ga0eUdIiPq-r_/",
    ],
)
def test_links_that_open_doors_are_hidden(link: str) -> None:
    """The error of a page is logged with its path."""
    cleaned = redact(None, "", {"event": f"Internal Server Error: {link}"})["event"]
    assert cleaned == f"Internal Server Error: {link.rsplit('/', 2)[0]}/…/"


def test_nested_values_are_cleaned_and_secrets_dropped() -> None:
    event = {
        "event": "bound to 13812345678",
        "numbers": ["13812345678", {"to": "13812345678", "password": "hunter2"}],
        "password": "hunter2",
        "timestamp": "2026-11-21T22:06:24.003426Z",
    }
    cleaned = str(redact(None, "", event))
    assert "13812345678" not in cleaned and "hunter2" not in cleaned
    assert "2026-11-21T22:06:24.003426Z" in cleaned
