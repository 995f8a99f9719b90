"""`manage.py carriers`: carriers are data, their passwords encrypted and never shown."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from console.lib import crypto
from sending.models import Carrier
from tests.processes import Simulator

ADD = ["--host", "127.0.0.1", "--port", "2775", "--system-id", "us", "--password", "pass1234"]
pytestmark = pytest.mark.django_db


def carriers(*argv: str, **more: Any) -> str:
    out = StringIO()
    call_command("carriers", *argv, stdout=out, **more)
    return out.getvalue()


def test_added_listed_changed_removed() -> None:
    carriers("add", "one", *ADD, "--rate", "600", "--option", "id_rule=hex_to_dec", "--region", "cn")
    carriers("add", "--name", "two", *ADD, "--bind", "pair", "--tls", "--option", "response_timeout=5")
    found = {row["name"]: row for row in json.loads(carriers("list", "--json"))}
    assert found["one"]["rate"] == 600 and found["one"]["options"] == {"id_rule": "hex_to_dec"}
    assert found["two"]["tls"] and found["two"]["options"] == {"response_timeout": 5}
    carriers("add", "one", *ADD, "--rate", "50")
    assert Carrier.objects.get(name="one").rate == 50
    assert "one: us@127.0.0.1:2775" in carriers("list")
    carriers("remove", "one")
    assert list(Carrier.objects.values_list("name", flat=True)) == ["two"]


def test_the_password_is_encrypted_and_bound_to_its_carrier() -> None:
    carriers("add", "one", *ADD)
    carrier = Carrier.objects.get()
    assert b"pass1234" not in bytes(carrier.password) and carrier.reveal_password() == "pass1234"
    assert "pass1234" not in carriers("list", "--json")
    carrier.name = "other"
    with pytest.raises(crypto.WrongKey):
        carrier.reveal_password()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["add", *ADD], "name"),
        (["add", "one", *ADD, "--option", "id_rule=guess"], "id_rule"),
        (["add", "one", *ADD, "--option", "nonsense=1"], "nonsense"),
        (["add", "one", *ADD, "--option", "alone"], "NAME=VALUE"),
        (["add", "one", *ADD, "--window", "0"], "window"),
        (["add", "one", *ADD, "--port", "99999"], "port"),
        (["add", "one", *ADD[:-1], "longer than eight"], "password"),
        (["test", "nobody"], "nobody"),
        (["remove", "nobody"], "nobody"),
    ],
)
def test_what_cannot_work_is_said(argv: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=f"(?i){says}"):
        carriers(*argv)
    assert not Carrier.objects.exists()


def test_try_to_sign_in(tmp_path: Path) -> None:
    with Simulator(tmp_path).running() as smsc:
        argv = ["--host", "127.0.0.1", "--port", str(smsc.port), "--system-id", "test", "--password"]
        carriers("add", "good", *argv, "secret")
        carriers("add", "bad", *argv, "wrong")
        assert "signed in" in carriers("test", "good")
        with pytest.raises(CommandError, match="could not sign in"):
            carriers("test", "bad")
