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
