"""Documents of an enterprise: handing in, keeping, fetching."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.template.loader import render_to_string
from django.test.utils import override_settings
from django.utils.datastructures import MultiValueDict

from accounts import documents
from accounts.forms.document import DocumentField
from accounts.models import AuditEntry, Document, Role
from accounts.models.document import DocumentPurpose
from console.lib.documents import Checked, Kind
from console.lib.errors import NotAllowed
from tests import make
from tests.console import hostile

pytestmark = pytest.mark.django_db
ANYBODY = [Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.VIEWER, Role.REVIEWER, Role.ADMINISTRATOR]


class PaperForm(forms.Form):
    paper = DocumentField(label="Business licence")


def form(name: str, data: bytes) -> PaperForm:
    return PaperForm(files=MultiValueDict({"paper": [SimpleUploadedFile(name, data)]}))


def letter(name: str = "letter.pdf", size: int = 0) -> Checked:
    return Checked(name, Kind.PDF, hostile.pdf().ljust(size), 0, 0, 1)


def store(checked: Checked, by) -> Document:
    return documents.store(checked, enterprise=by.enterprise, by=by, purpose=DocumentPurpose.LETTER)


def content(response) -> bytes:
    return b"".join(response.streaming_content)


def test_field_gives_the_safe_copy():
    filled = form("营业执照.gif", hostile.gif())
    assert filled.is_valid()
    checked = filled.cleaned_data["paper"]
    assert (checked.name, checked.kind) == ("营业执照.gif", Kind.PNG) and checked.data != hostile.gif()


@pytest.mark.parametrize(
    "name, data, code",
    [
        ("licence.jpg", hostile.HTML, "not_a_document"),
        ("business licence.png", hostile.png(), "name_space"),
        ("licence.png", b"", "empty"),
        ("licence.exe", hostile.png(), "extension"),
        ("licence.jpg", hostile.jpeg() + hostile.archive(), "mixed"),
        ("licence.jpg", hostile.jpeg().ljust(3 << 20), "too_big"),
    ],
)
def test_field_says_what_is_wrong(name, data, code):
    (error,) = form(name, data).errors.as_data()["paper"]
    assert error.code == code and len(str(error.message)) > 20


def test_field_asks_for_a_file():
    assert PaperForm(files=MultiValueDict()).errors["paper"] == ["Choose a file: a JPG, PNG, GIF or PDF."]
    optional = DocumentField(required=False)
    assert optional.clean(None) is None


def test_field_tells_the_rules():
    field = PaperForm()["paper"]
    assert 'accept=".jpg,.jpeg,.png,.gif,.pdf"' in str(field)
    assert "2 MB" in field.help_text and "64" in field.help_text and "{ } [ ]" in field.help_text


def test_markup_in_an_error_is_shown_as_text(alice):
    page = str(form("<b>.png", hostile.png()).errors)
    assert "contains &lt;" in page and "<b>" not in page


def test_stored_with_random_name_and_on_record(alice):
    kept = store(letter(), alice)
    path = Path(kept.file.path)
    assert path.read_bytes() == letter().data and len(path.name) == 32 and "letter" not in str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (kept.size, kept.sha256, kept.content_type) == (len(letter().data), letter().sha256, "application/pdf")
    entry = AuditEntry.objects.get(verb="document.stored")
    assert (entry.by, entry.object_id, entry.enterprise_id) == (alice, kept.pk, alice.enterprise_id)
    assert entry.detail == {"name": "letter.pdf", "size": kept.size}


def test_file_goes_when_the_transaction_is_rolled_back(alice):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        path = Path(store(letter(), alice).file.path)
        assert path.exists()
        raise ZeroDivisionError
    assert not path.exists() and not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_file_stays_when_the_transaction_is_committed(alice):
    path = Path(store(letter(), alice).file.path)
    assert path.exists() and Document.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_each_savepoint_keeps_or_drops_its_own(alice):
    with transaction.atomic():
        kept = Path(store(letter(), alice).file.path)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            dropped = Path(store(letter(), alice).file.path)
            raise ZeroDivisionError
    assert kept.exists() and not dropped.exists()


def test_stored_ones_never_change(alice):
    kept = make.document(by=alice)
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        Document.objects.filter(pk=kept.pk).update(sha256="0" * 64)
    kept.name = "other.png"
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        kept.save()


def test_no_more_files_than_the_quota(alice, mallory, monkeypatch):
    monkeypatch.setattr(documents, "FILES_MAX", 2)
    store(letter(), alice)
    store(letter(), alice)
    with pytest.raises(NotAllowed, match="keeps 2 documents"):
        store(letter(), alice)
    assert Document.objects.count() == 2
    assert store(letter(), mallory)


def test_no_more_bytes_than_the_quota(alice, monkeypatch):
    monkeypatch.setattr(documents, "BYTES_MAX", 3 << 20)
    store(letter(size=2 << 20), alice)
    with pytest.raises(NotAllowed, match="with 2 MB; at most 500 documents and 3 MB"):
        store(letter(size=2 << 20), alice)
    assert store(letter(size=1 << 20), alice)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_get_the_last_place(monkeypatch):
    monkeypatch.setattr(documents, "FILES_MAX", 1)
    alice = make.user(name="Alice Wu")
    start, refused = threading.Barrier(4), []

    def hand_in() -> None:
        start.wait(10)
        try:
            store(letter(), alice)
        except NotAllowed:
            refused.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=hand_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    close_old_connections()
    assert Document.objects.count() == 1 and len(refused) == 3


def test_people_of_the_enterprise_and_staff_may_fetch_it(alice, sign_in):
    kept = make.document(by=alice)
    for role in ANYBODY:
        response = sign_in(make.user(role=role, of=alice.enterprise)).get(f"/documents/{kept.pk}/")
        assert response.status_code == 200 and len(content(response)) == kept.size


def test_others_find_nothing(alice, mallory, sign_in, client):
    kept = make.document(by=alice)
    assert sign_in(mallory).get(f"/documents/{kept.pk}/").status_code == 404
    assert sign_in(mallory).get(f"/documents/{kept.pk}/?inline=1").status_code == 404
    assert client.get(f"/documents/{kept.pk}/").status_code == 302
    assert sign_in(alice).get("/documents/999999/").status_code == 404
    assert sign_in(alice).post(f"/documents/{kept.pk}/").status_code == 405


def check_headers(response) -> None:
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"


def test_pdf_is_only_ever_saved(alice, sign_in):
    kept = store(letter("授权书.pdf"), alice)
    for query in ("", "?inline=1"):
        response = sign_in(alice).get(f"/documents/{kept.pk}/{query}")
        assert content(response) == letter().data
        assert response["Content-Type"] == "application/pdf"
        assert response["Content-Disposition"] == "attachment; filename*=utf-8''%E6%8E%88%E6%9D%83%E4%B9%A6.pdf"
        check_headers(response)


def test_picture_is_shown_when_asked(alice, sign_in):
    kept = make.document(by=alice)
    saved = sign_in(alice).get(f"/documents/{kept.pk}/")
    shown = sign_in(alice).get(f"/documents/{kept.pk}/?inline=1")
    assert saved["Content-Disposition"] == 'attachment; filename="licence.png"'
    assert shown["Content-Disposition"] == 'inline; filename="licence.png"'
    assert "unsafe" not in saved["Content-Security-Policy"] and "script" not in shown["Content-Security-Policy"]
    for response in (saved, shown):
        assert response["Content-Type"] == "image/png" and len(content(response)) == kept.size
        check_headers(response)


@pytest.mark.parametrize("name, saved", [("seal.gif", "seal.png"), ("a.b.GIF", "a.b.png"), ("scan.PNG", "scan.PNG")])
def test_saved_under_the_ending_of_what_is_kept(alice, name, saved):
    assert make.document(by=alice, name=name).download_name == saved


def test_looks_of_staff_are_on_record(alice, bob, sign_in):
    kept = make.document(by=alice)
    content(sign_in(alice).get(f"/documents/{kept.pk}/"))
    assert not AuditEntry.objects.filter(verb="document.viewed").exists()
    content(sign_in(bob).get(f"/documents/{kept.pk}/?inline=1"))
    entry = AuditEntry.objects.get(verb="document.viewed")
    assert (entry.by, entry.object_id, entry.enterprise_id) == (bob, kept.pk, alice.enterprise_id)


def test_lost_file_is_not_found_and_no_look(alice, bob, sign_in):
    kept = make.document(by=alice)
    Path(kept.file.path).unlink()
    assert sign_in(bob).get(f"/documents/{kept.pk}/").status_code == 404
    assert not AuditEntry.objects.filter(verb="document.viewed").exists()


def test_files_lie_outside_what_is_served(alice, client):
    kept = make.document(by=alice)
    with override_settings(DEBUG=False):
        for address in (f"/static/{kept.file.name}", f"/{kept.file.name}", f"/uploads/{kept.file.name}"):
            assert client.get(address).status_code in {302, 404}


def test_line_shows_name_size_and_a_preview_of_pictures(alice):
    line = render_to_string("accounts/document.html", {"document": make.document(by=alice, name="<b>.png")})
    assert "&lt;b&gt;.png" in line and "<b>" not in line and "bytes" in line and "?inline=1" in line
    assert "?inline=1" not in render_to_string("accounts/document.html", {"document": store(letter(), alice)})
