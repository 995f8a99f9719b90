"""Importing templates from a spreadsheet: from the sample file to templates in review, and everything in between."""

from __future__ import annotations

import io
import threading
import uuid
import zipfile
from datetime import timedelta

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import AuditEntry, ReviewState
from accounts.models.application import Region
from console.lib.sheets import Code, small
from templates_app.batch import columns, imports, variables
from templates_app.models import MessageTemplate, TemplateImport, TemplateVersion
from templates_app.models.template import Variable
from tests import make

pytestmark = pytest.mark.django_db
ENGLISH = ["Template name", "Template type", "Application", "Signature", "Text", "Variables", "When is it sent"]
CHINESE = ["模板名称", "模板类型", "应用", "签名", "模板内容", "变量", "申请说明"]
TEXT = "尊敬的${1}，您的包裹预计${2}送达，请留意查收。"
VARIABLES = "1: Text, 20, Name, 王女士\n2: Time, 20, Day, 2026-03-31"


@pytest.fixture
def signature(alice):
    return make.signature(by=alice, app=make.application(by=alice, name="shop"), name="清禾会员")


@pytest.fixture
def client(alice, sign_in):
    return sign_in(alice)


def row(name: str = "Parcel_01", **changes: str) -> list[str]:
    cells = {"name": name, "type": "Notification", "application": "shop", "signature": "清禾会员", "text": TEXT,
             "variables": VARIABLES, "purpose": "Sent to the buyer of a parcel."}  # fmt: skip
    return list((cells | changes).values())


def sheet(rows: list[list[str]], headers: list[str] | None = None) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet()
    for number, cells in enumerate([headers or ENGLISH, *rows]):
        page.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


def upload(client, data: bytes, *, name: str = "templates.xlsx", region: str = "cn", token: str = ""):
    fields = {"token": token or str(uuid.uuid4()), "file": SimpleUploadedFile(name, data)}
    return client.post(f"/{region}/templates/import/", fields)


def taken_in(client, data: bytes, **how) -> TemplateImport:
    answer = upload(client, data, **how)
    assert answer.status_code == 302, answer.content.decode()
    return TemplateImport.objects.get(pk=answer.url.rstrip("/").rpartition("/")[2])


def confirmed(client, found: TemplateImport, *, send_in: bool = True) -> TemplateImport:
    url = found.get_absolute_url()
    assert client.post(url, {"send_in": "1" if send_in else "0"}).url == url
    imports.run(found.pk)
    found.refresh_from_db()
    assert found.done_at
    return found


def faults(found: TemplateImport) -> dict[int, str]:
    return {checked.number: " ".join(checked.faults) for checked in imports.check(found) if checked.faults}


def text(answer) -> str:
    return answer.content.decode()


def test_rows_become_templates_in_review(alice, client, signature):
    found = taken_in(client, sheet([row("A_1"), row("A_2", signature="Universal"), row("A_3", type="通知")]))
    page = text(client.get(found.get_absolute_url()))
    assert "3 of 3 can be sent in for review" in page and not MessageTemplate.objects.exists()
    confirmed(client, found)
    versions = TemplateVersion.objects.order_by("pk")
    assert [(v.template.name, v.review_state, v.submitted_by) for v in versions] == [
        (name, ReviewState.IN_REVIEW, alice) for name in ("A_1", "A_2", "A_3")
    ]
    assert [(v.template.universal, v.template.signature) for v in versions] == [
        (False, signature), (True, None), (False, signature)
    ]  # fmt: skip
    assert versions[0].typed_variables == [
        Variable("1", "TEXT", 20, "Name", "王女士"), Variable("2", "DATETIME", 20, "Day", "2026-03-31")
    ]  # fmt: skip
    assert "3 templates are sent in for review" in text(client.get(found.get_absolute_url()))
    assert AuditEntry.objects.filter(verb="templateimport.confirmed", by=alice).count() == 1


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("region", ["cn", "intl"])
def test_the_sample_file_imports_cleanly(alice, sign_in, signature, language, region):
    type(alice).objects.filter(pk=alice.pk).update(language=language)
    if region == "intl":
        make.application(by=alice, region=Region.INTERNATIONAL)
    client = sign_in(alice)
    answer = client.get(f"/{region}/templates/import/sample/")
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    found = taken_in(client, answer.content, region=region)
    assert faults(found) == {} and len(found.rows) == 2
    assert len(confirmed(client, found).made) == 2
    assert set(TemplateVersion.objects.values_list("review_state", flat=True)) == {ReviewState.IN_REVIEW}
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        first = book.read("xl/worksheets/sheet1.xml")
    assert first.count(b"<dataValidation ") == (4 if region == "cn" else 2)  # type, application, signature, brackets


def test_headers_of_both_languages_in_any_order_below_a_title(client, signature):
    for headers in (CHINESE, [*CHINESE[:3], *ENGLISH[3:]], [f" {header.upper()}: " for header in ENGLISH]):
        assert faults(taken_in(client, sheet([row(f"H_{len(headers)}")], headers))) == {}
    turned = taken_in(client, sheet([row()[::-1]], ENGLISH[::-1]))
    assert faults(turned) == {} and turned.rows[0]["row"] == 2
    titled = taken_in(client, sheet([ENGLISH, row()], ["Our templates"]))
    assert faults(titled) == {} and titled.rows[0]["row"] == 3


def test_a_csv_is_read_too(client, signature):
    lines = [",".join(f'"{cell}"' for cell in cells) for cells in (ENGLISH, row())]
    assert faults(taken_in(client, "\r\n".join(lines).encode("gb18030"), name="t.csv")) == {}


def test_all_faults_of_a_row_are_said_with_the_rows_own_number(client, signature):
    bad = row("x" * 31, type="Spam", application="nowhere", text="", variables="one: two", purpose="")
    found = taken_in(client, sheet([row("Good"), [], bad]))
    assert list(faults(found)) == [4]
    said = faults(found)[4]
    for words in ("at most 30 characters", "Type: write one of", "“nowhere”", "1 to 500 characters", "“one: two”",
                  "reviewers decide by it"):  # fmt: skip
        assert words in said, words
    page = text(client.get(found.get_absolute_url()))
    assert "1 of 2 can be sent in" in page and "“nowhere”" in page and '<td class="num">4</td>' in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Give the template a name"),
        ({"name": "a\u202eb"}, "invisible character"),
        ({"application": ""}, "Application: write the name"),
        ({"signature": "无名"}, "none with the name “无名”"),
        ({"signature": ""}, "Choose a signature"),
        ({"type": "Promotion"}, "of another type"),
        ({"text": "字" * 501}, "1 to 500"),
        ({"text": "【清禾】您好，" + TEXT}, "signature of its own"),
        ({"text": "您好${1}${2}，请查收您的包裹。"}, "next to each other"),
        ({"variables": VARIABLES.splitlines()[0]}, "no line for ${2}"),
        ({"variables": VARIABLES + "\n3: Text, 5, x, y"}, "${3} does not stand in the text"),
        ({"variables": VARIABLES + "\n1: Text, 5, x, y"}, "${1} has two lines"),
        ({"variables": "1: Wort, 20, a, b\n2: Time, 20, Day, 2026-03-31"}, "is not understood"),
        ({"purpose": "x" * 501}, "at most 500 characters"),
    ],
)
def test_what_is_wrong_with_a_row(client, signature, changes, words):
    found = taken_in(client, sheet([row(**changes)]))
    assert words in faults(found)[2]
    assert confirmed(client, found).made == [] and not MessageTemplate.objects.exists()


def test_names_twice_in_the_file_and_names_that_are_taken(alice, client, signature):
    version = make.template(by=alice, sign=signature)
    MessageTemplate.objects.filter(pk=version.template_id).update(name="Taken")
    said = faults(taken_in(client, sheet([row("Twice"), row("Twice"), row("Taken")])))
    assert said == {3: "The name stands in row 2 already.", 4: "You already have a template with this name."}


def test_checking_costs_the_same_for_twenty_rows_as_for_two(client, signature, django_assert_num_queries):
    few, many = (taken_in(client, sheet([row(f"R{n}") for n in range(number)])) for number in (2, 20))
    with CaptureQueriesContext(connection) as queries:
        imports.check(few)
    with django_assert_num_queries(len(queries)):
        imports.check(many)


def test_a_text_that_is_there_already_is_worth_a_look(alice, client, signature):
    version = make.template(by=alice, sign=signature, text=TEXT)
    [checked] = imports.check(taken_in(client, sheet([row()])))
    assert checked.faults == [] and version.template.name in " ".join(checked.hints)


def test_foreign_applications_and_signatures_are_unknown(alice, mallory, sign_in, signature):
    make.application(by=mallory, name="other")
    found = taken_in(sign_in(mallory), sheet([row(), row("B", application="other")]))
    said = faults(found)
    assert "none with the name “shop”" in said[2] and "none with the name “清禾会员”" in said[3]
    url = found.get_absolute_url()
    for address in (url, f"{url}failed/"):
        assert sign_in(alice).get(address).status_code == 404
    assert sign_in(alice).post(url, {"send_in": "1"}).status_code in (404, 403)
    found.refresh_from_db()
    assert found.confirmed_at is None


def test_the_test_signature_is_for_the_test_template_only(alice, client, signature):
    from templates_app import trial_kit

    trial_kit.add(signature.application, by=alice)
    assert "test signature" in faults(taken_in(client, sheet([row(signature=trial_kit.SIGNATURE)])))[2]


def test_the_quota_counts_the_rows_before(alice, client, signature, monkeypatch):
    monkeypatch.setattr("templates_app.batch.checking.TEMPLATES_MAX", 3)
    monkeypatch.setattr("templates_app.drafts.TEMPLATES_MAX", 3)
    make.template(by=alice, sign=signature)
    found = taken_in(client, sheet([row("A"), row("B"), row("C")]))
    assert list(faults(found)) == [4] and "more than 3 templates" in faults(found)[4]
    make.template(by=alice, sign=signature)  # somebody writes one meanwhile
    assert len(confirmed(client, found).made) == 1


def test_rows_with_gaps_can_be_kept_as_drafts(client, signature):
    found = taken_in(client, sheet([row("Whole"), row("Gaps", purpose="", signature=""), row("", text="x")]))
    page = text(client.get(found.get_absolute_url()))
    assert "Send 1 in for review" in page and "Keep 2 as drafts" in page
    confirmed(client, found, send_in=False)
    assert set(TemplateVersion.objects.values_list("template__name", "review_state")) == {
        ("Whole", "draft"), ("Gaps", "draft")
    }  # fmt: skip


def test_the_failed_rows_are_a_file_that_can_be_mended_and_imported(client, signature):
    formula = '=HYPERLINK("http://evil.example")'
    found = confirmed(client, taken_in(client, sheet([row("Good"), row("Bad", application=formula)])))
    answer = client.get(f"{found.get_absolute_url()}failed/")
    table = small.read([answer.content], rows=10, columns=20, characters=4000)
    headers, cells = table.rows[0][1], dict(zip(table.rows[0][1], table.rows[1][1], strict=True))
    assert headers[-1] == "What is wrong" and cells["Template name"] == "Bad" and len(table.rows) == 2
    assert "you have none with the name" in cells["What is wrong"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    cells["Application"] = "shop"
    mended = taken_in(client, sheet([list(cells.values())], headers))
    assert faults(mended) == {}
    assert len(confirmed(client, mended).made) == 1


def test_confirmed_twice_there_is_one_of_each(client, signature):
    found = taken_in(client, sheet([row("A"), row("B")]))
    other_tab = TemplateImport.objects.get(pk=found.pk)
    confirmed(client, found)
    confirmed(client, other_tab, send_in=False)
    imports.run(found.pk)
    assert MessageTemplate.objects.count() == 2
    assert set(TemplateVersion.objects.values_list("review_state", flat=True)) == {"in_review"}


def test_a_form_sent_twice_is_one_import(client, signature):
    token = str(uuid.uuid4())
    first, second = (taken_in(client, sheet([row()]), token=token) for _ in range(2))
    assert first == second and TemplateImport.objects.count() == 1


def test_what_broke_off_goes_on_where_it_stopped(client, signature, monkeypatch):
    found = taken_in(client, sheet([row("A"), row("B"), row("C")]))
    client.post(found.get_absolute_url(), {"send_in": "1"})
    make_one, calls = imports._make, []

    def breaks(*args):
        calls.append(args)
        if len(calls) == 2:
            raise ConnectionError
        make_one(*args)

    monkeypatch.setattr(imports, "_make", breaks)
    with pytest.raises(ConnectionError):
        imports.run(found.pk)
    found.refresh_from_db()
    assert len(found.made) == 1 and not found.done_at
    assert "1 of 3 rows are done" in text(client.get(found.get_absolute_url()))
    asked = []
    monkeypatch.setattr(imports, "hint", lambda task, **ids: asked.append((task, ids)))
    imports.tidy()
    assert asked == [("templates_app.run_import", {"import_id": found.pk})]
    imports.run(found.pk)
    assert sorted(MessageTemplate.objects.values_list("name", flat=True)) == ["A", "B", "C"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_template_once(alice):
    make.signature(by=alice, app=make.application(by=alice, name="shop"), name="清禾会员")
    rows = [{"row": n, "hidden": False, "cells": dict(zip(KEYS, row(f"N{n}"), strict=True))} for n in range(2, 8)]
    found = TemplateImport.objects.create(
        enterprise=make.home(alice), by=alice, region="cn", file_name="x", rows=rows, send_in=True,
        confirmed_at=timezone.now(),
    )  # fmt: skip

    def work():
        try:
            imports.run(found.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found.refresh_from_db()
    assert found.done_at and len(found.made) == 6 and found.failed == []
    assert MessageTemplate.objects.count() == 6


KEYS = ["name", "type", "application", "signature", "text", "variables", "purpose"]


def test_forgotten_after_a_day_but_not_while_it_is_under_way(client, signature):
    old, busy, new = (taken_in(client, sheet([row(name)])) for name in ("A", "B", "C"))
    long_ago = timezone.now() - timedelta(hours=25)
    TemplateImport.objects.filter(pk__in=[old.pk, busy.pk]).update(created_at=long_ago)
    TemplateImport.objects.filter(pk=busy.pk).update(confirmed_at=long_ago, send_in=True)
    imports.tidy()
    assert set(TemplateImport.objects.all()) == {busy, new}


def test_five_hundred_rows_and_one_more(client, signature):
    rows = [row(f"R{n}") for n in range(501)]
    assert len(taken_in(client, sheet(rows[:500])).rows) == 500
    answer = upload(client, sheet(rows))
    assert answer.status_code == 422 and "more than 500 templates" in text(answer)


def bomb() -> bytes:
    """A true xlsx, one of whose members unpacks to 300 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet([row()]))) as honest, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in honest.namelist():
            made.writestr(name, honest.read(name))
        made.writestr("xl/media/image1.png", b"\0" * (300 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty"),
        (b"%PDF-1.7 x", "not a spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"), "old Excel format"),
        (sheet([row()])[:900], "damaged"),
        (sheet([]), "no templates below its headers"),
        (sheet([row()], ["a", "b", "c", "d", "e", "f", "g"]), "has no column “Template name”"),
        (sheet([row()], ["模板名称", "模板类型", "应用", "x", "y", "z", "u"]), "has no column “Text”"),
        (b"Template name,Text\n\"open,quote", "quotation mark"),
        (b"x" * (2 << 20) + b"y", "at most 2.0\xa0MB are accepted"),
    ],
    ids=range(10),
)  # fmt: skip
def test_wrong_files(client, signature, data, words):
    answer = upload(client, data)
    assert answer.status_code == 422 and "id_file-error" in text(answer) and words in text(answer)
    assert not TemplateImport.objects.exists()


def test_a_bomb_is_defused(client, signature):
    answer = upload(client, bomb())
    assert answer.status_code == 422 and "unpacks to far more" in text(answer)


def test_the_reader_is_limited_in_time_and_memory(monkeypatch):
    monkeypatch.setattr(small, "SECONDS", 0.01)
    with pytest.raises(small.SheetFault) as caught:
        small.read([sheet([row()])], rows=10, columns=10, characters=100)
    assert caught.value.code == Code.TOO_SLOW


def test_without_a_file_or_a_token(client, signature):
    assert client.post("/cn/templates/import/", {"token": str(uuid.uuid4())}).status_code == 422
    answer = client.post("/cn/templates/import/", {"token": "x", "file": SimpleUploadedFile("a.xlsx", sheet([row()]))})
    assert answer.status_code == 422 and not TemplateImport.objects.exists()


def test_hidden_rows_are_not_imported_silently(client, signature):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    for number, cells in enumerate([ENGLISH, row("A"), row("B")]):
        page.write_row(number, 0, cells)
    page.set_row(2, None, None, {"hidden": True})
    book.close()
    assert "The sheet hides this row" in faults(taken_in(client, out.getvalue()))[3]


def test_markup_and_odd_characters_stay_text(client, signature):
    found = taken_in(client, sheet([row("<b>x</b>", application="<i data-probe>"), row("nul\x01", text="\x00")]))
    page = text(client.get(found.get_absolute_url()))
    assert "<i data-probe" not in page and "&lt;i data-probe" in page and "<b>x</b>" not in page


def test_viewers_neither_see_nor_upload(victor, sign_in, signature):
    client = sign_in(victor)
    assert client.get("/cn/templates/import/").status_code == 403
    assert upload(client, sheet([row()])).status_code == 403


def test_a_line_of_variables_is_read_as_it_is_written():
    described = [Variable("1", "TEXT", 20, "Name", "Wang, Lan"), Variable("2", "MONEY", 8, "Price", "99.5")]
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert variables.read("a${1}b${2}", variables.write(described)) == (described, [])
    old, wrong = variables.read("a${TXT_8}b${DATE}", "1: Text, 8, Name, Wang")
    assert [(v.code, v.meaning, v.example) for v in old] == [("${TXT_8}", "Name", "Wang"), ("${DATE}", "", "")]
    assert wrong == []


def test_countries_by_name_and_code_in_both_languages():
    assert columns.countries_of("SG, Malaysia；泰国、德国\nsg") == (["DE", "MY", "SG", "TH"], [])
    assert columns.countries_of("Narnia, SG") == (["SG"], ["Narnia"])
