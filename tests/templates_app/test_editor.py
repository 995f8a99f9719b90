"""The template editor: its live parts, both ways of variables, universal templates, countries, copying, bad input."""

import re
import time
from dataclasses import replace

import pytest

from accounts.models import Application, ReviewState
from accounts.models.application import Region
from templates_app import drafts, prechecks
from templates_app.models import MessageTemplate, TemplateVersion, WordList
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NEW = "/cn/templates/new/"


@pytest.fixture
def signature(alice):
    return make.signature(by=alice)


@pytest.fixture
def fields(signature):
    return {
        "name": "Points_01",
        "type": "notification",
        "application": signature.application_id,
        "signature": signature.pk,
        "text": "尊敬的${1}，您消费${2}元。",
        "kind-1": "TEXT",
        "longest-1": "10",
        "meaning-1": "Name",
        "example-1": "王岚",
        "kind-2": "MONEY",
        "longest-2": "8",
        "example-2": "99.50",
        "purpose": "Each month",
        "action": "submit",
    }


def errors(response):
    return set(re.findall(r'id="([\w-]+-error|fault-[\w-]+)"', response.content.decode()))


def preview(client, fields, url=NEW, **changes):
    answer = client.post(url, fields | {"action": "preview"} | changes, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(page, name="shown"):
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


def test_older_variables_say_kind_and_length_themselves(alice, sign_in, fields):
    changed = {key: value for key, value in fields.items() if not key.startswith(("kind", "longest"))}
    changed |= {
        "text": "您好${TXT_8}，金额${NUM_6}，日期${DATE}。",
        "example-1": "王.岚",
        "example-2": "12",
        "example-3": "2026/03/31",
    }
    page = preview(sign_in(alice), changed)
    assert "Digits, older form" in page and 'name="kind-1"' not in page and 'name="longest-1"' not in page
    made = sign_in(alice).post(NEW, changed)
    assert made.status_code == 302, re.findall(
        r'<p class="(?:invalid-feedback|flex-fill)[^>]*>(.*)', made.content.decode()
    )
    version = TemplateVersion.objects.get()
    assert [(v.code, v.kind, v.longest) for v in version.typed_variables] == [
        ("${TXT_8}", "TXT", 8),
        ("${NUM_6}", "NUM", 6),
        ("${DATE}", "DATE", 10),
    ]
    assert version.render(["王岚", "12", "2026/03/31"]) == "【清禾会员】您好王岚，金额12，日期2026/03/31。"[6:]


def test_an_older_variable_put_in_before_others_takes_nothing_from_them(alice, sign_in, fields):
    client = sign_in(alice)
    first = fields | {
        "text": "您好${TXT_8}，日期${DATE}。",
        "example-1": "王岚",
        "meaning-1": "Name",
        "example-2": "2026/03/31",
    }
    [before] = shown(preview(client, first))
    page = preview(client, first, text="编号${NUM_6}您好${TXT_8}，日期${DATE}。", shown=before)
    assert re.findall(r'name="example-\d" maxlength="100" value="([^"]*)"', page) == ["", "王岚", "2026/03/31"]


def test_the_two_ways_are_not_mixed(alice, sign_in, fields):
    response = sign_in(alice).post(NEW, fields | {"text": "您好${1}，金额${NUM_6}元"})
    assert "id_text-error" in errors(response)
    assert "Two ways of writing variables are mixed" in response.content.decode()


def test_parts_that_stay_as_they_are_are_left_alone(alice, sign_in, fields):
    client = sign_in(alice)
    page = preview(client, fields)
    assert 'id="live-variables"' in page and 'id="live-signature"' in page
    seen = {name: shown(page, name)[0] for name in ("shown", "shown_signature")}
    page = preview(client, fields, text=fields["text"] + "谢谢", **seen)
    assert 'id="live-variables"' not in page and 'id="live-signature"' not in page
    assert 'id="live-check"' in page and "谢谢" in page
    assert 'id="live-variables"' in preview(client, fields, text="您好${1}", **seen)


def test_another_kind_brings_its_longest_value(alice, sign_in, fields):
    client = sign_in(alice)
    [before] = shown(preview(client, fields, **{"longest-1": "20"}))
    page = preview(client, fields, **{"longest-1": "20", "kind-1": "NEWTEXT", "shown": before})
    assert 'name="longest-1" size="3" maxlength="3" value="40"' in page
    page = preview(client, fields, **{"longest-1": "20", "kind-1": "PHONE", "shown": before})
    assert 'name="longest-1" size="3" maxlength="3" value="15"' in page


def test_variables_are_numbered_anew_with_what_was_typed(alice, sign_in, fields):
    client = sign_in(alice)
    assert 'value="renumber"' in preview(client, fields, text="${2}元，${1}您好")
    page = client.post(NEW, fields | {"action": "renumber", "text": "${2}元，${1}您好"}).content.decode()
    assert "${1}元，${2}您好</textarea>" in page
    assert re.findall(r'name="example-\d" maxlength="100" value="([^"]*)"', page) == ["99.50", "王岚"]


@pytest.mark.parametrize(
    ("kind", "code"), [("PHONE", "${3}"), ("TXT", "${TXT_20}"), ("CLOCK", "${TIME}"), ("NONE", "")]
)
def test_buttons_insert_without_scripts(alice, sign_in, fields, kind, code):
    posted = {key: value for key, value in fields.items() if key != "action"} | {"insert": kind}
    page = sign_in(alice).post(NEW, posted).content.decode()
    assert f"元。{code}</textarea>" in page


def test_universal_templates_carry_no_signature(alice, sign_in, fields):
    client = sign_in(alice)
    page = preview(client, fields, universal="on")
    assert "【清禾会员】" not in page and 'id="id_signature"' not in page
    assert client.post(NEW, fields | {"universal": "on"}).status_code == 302
    template = MessageTemplate.objects.get()
    assert (template.universal, template.signature, template.versions.get().review_state) == (True, None, "in_review")


def test_brackets_of_the_signature(alice, sign_in, fields):
    client = sign_in(alice)
    page = preview(client, fields, brackets="GB")
    assert "[清禾会员]" in page and "brackets 【】 only" in page
    assert client.post(NEW, fields | {"brackets": "GB"}).status_code == 302
    assert MessageTemplate.objects.get().brackets == "GB"
    latin = make.signature(by=alice, app=MessageTemplate.objects.get().application, name="Qinghe")
    refused = client.post(NEW, fields | {"brackets": "GB", "signature": latin.pk, "name": "Other"})
    assert "id_brackets-error" in errors(refused)


def test_a_signature_in_review_can_be_chosen(alice, sign_in, fields, signature):
    waiting = make.signature(by=alice, app=signature.application, name="清禾到家", approved=None)
    client = sign_in(alice)
    assert "waits for its review" in preview(client, fields)
    assert client.post(NEW, fields | {"signature": waiting.pk}).status_code == 302
    assert TemplateVersion.objects.get().review_state == ReviewState.WAITING


@pytest.fixture
def abroad(alice, fields):
    app = make.application(by=alice, region=Region.INTERNATIONAL)
    return fields | {"application": app.pk, "text": "Dear ${1}, you paid ${2} dollars.", "example-1": "Ann"}


def test_countries_are_searched_and_needed(alice, sign_in, abroad):
    client = sign_in(alice)
    url = "/intl/templates/new/"
    page = preview(client, abroad, url, find_country="瑞士")
    assert re.findall(r'name="countries" value="(\w+)"', page) == ["CH"]
    page = preview(client, abroad | {"countries": ["SG"]}, url, find_country="switz")
    assert re.findall(r'name="countries" value="(\w+)"( checked)?', page) == [("SG", " checked"), ("CH", "")]
    assert errors(client.post(url, abroad)) == {"id_countries-error"}
    assert client.post(url, abroad | {"countries": ["ZZ"]}).status_code == 422
    assert client.post(url, abroad | {"action": "save"}).status_code == 302
    [version] = TemplateVersion.objects.all()
    url = f"/intl/templates/versions/{version.pk}/"
    assert client.post(url, abroad | {"countries": ["US", "CH"]}).status_code == 302
    assert MessageTemplate.objects.get().countries == ["CH", "US"]


def test_the_alphabet_is_said_abroad(alice, sign_in, abroad):
    client = sign_in(alice)
    page = preview(client, abroad, "/intl/templates/new/")
    assert "Narrow alphabet (GSM-7)" in page
    page = preview(client, abroad, "/intl/templates/new/", text="Don’t forget ${1}, ${2} dollars")
    assert "’ → &#x27;" in page


def test_name_and_purpose(alice, sign_in, fields):
    client = sign_in(alice)
    for name in ("x" * 31, "a\u202eb", "a\u200bb", ""):
        assert "id_name-error" in errors(client.post(NEW, fields | {"name": name, "action": "save"})), name
    assert "id_purpose-error" in errors(client.post(NEW, fields | {"purpose": "x" * 501}))
    assert not TemplateVersion.objects.exists()
    assert client.post(NEW, fields | {"name": "x" * 30, "purpose": "x" * 500}).status_code == 302


def test_a_million_characters(alice, sign_in, fields):
    client = sign_in(alice)
    client.get(NEW)
    started = time.perf_counter()
    page = preview(client, fields, text="a." * 500_000)
    refused = client.post(NEW, fields | {"text": "a." * 500_000})
    assert time.perf_counter() - started < 5
    assert "The text is 999500 characters too long." in page
    assert "1000000 characters; at most 500 fit" in refused.content.decode()
    assert "a." * 500_000 in refused.content.decode()  # what was pasted is not lost
    assert not TemplateVersion.objects.exists()


def test_markup_is_shown_as_it_is(alice, sign_in, fields):
    page = preview(sign_in(alice), fields, text="<script>x</script>${1}", **{"example-1": "<b>x"})
    assert "<script>x" not in page and "<b>x" not in page


def test_a_forbidden_subject_is_not_sent_in(alice, sign_in, fields):
    WordList.objects.create(theme_en="Fake goods", theme_zh="假货", words=["假货"], effect="refuse")
    client = sign_in(alice)
    assert "Fake goods" in preview(client, fields, text="本店假 货，${1}共${2}元")
    refused = client.post(NEW, fields | {"text": "本店假 货，${1}共${2}元"})
    assert "Forbidden subject: Fake goods." in refused.content.decode() and errors(refused) == {"id_text-error"}
    # What was put into the database by other ways is checked again when it is sent in.
    version = drafts.save_draft(_draft(alice, "本店假货，欢迎您光临"), by=alice)
    assert any("Fake goods" in fault for fault in drafts.faults(version))


def _draft(alice, text):
    signature = make.signature(by=alice, name="清禾到家")
    return drafts.Draft("Other", "notification", signature.application, signature, text, [], "Each month")


def test_the_same_text_again_is_pointed_out(alice, sign_in, fields):
    client = sign_in(alice)
    client.post(NEW, fields)
    version = TemplateVersion.objects.get()
    assert "The application already has this text: Points_01." in preview(client, fields, name="Points_02")
    assert not [r for r in prechecks.of_version(version) if r.code == "twin"]


def test_copied_with_all_its_fields(alice, sign_in):
    draft = replace(_draft(alice, "订单已发货，请留意查收"), name="Parcel_01", brackets="GB")
    version = drafts.save_draft(draft, by=alice)
    make.template(by=alice)
    page = sign_in(alice).get(f"{NEW}?like={version.template_id}").content.decode()
    assert 'value="Parcel_02"' in page and version.text in page and version.purpose in page
    assert "[清禾到家]" in page
    assert TemplateVersion.objects.count() == 2


def test_nothing_of_others_is_copied(alice, mallory, sign_in):
    version = make.template(by=alice)
    assert sign_in(mallory).get(f"{NEW}?like={version.template_id}").status_code == 404
    assert sign_in(alice).get(f"/intl/templates/new/?like={version.template_id}").status_code == 404
    for value in ("nonsense", "9" * 5000, "%00", "-1", "²"):
        assert sign_in(alice).get(f"{NEW}?like={value}").status_code in (200, 404), value


@pytest.mark.parametrize(("name", "free"), [("A", "A_02"), ("A_02", "A_03"), ("x" * 30, "x" * 27 + "_02")])
def test_free_names(alice, name, free):
    version = drafts.save_draft(replace(_draft(alice, "订单已发货，请留意查收"), name=name), by=alice)
    assert drafts.like(version.template).name == free


def test_what_was_approved_stays_whatever_is_posted(alice, bob, sign_in, fields):
    version = make.template(by=alice)
    draft = drafts.new_version(version.template, by=alice)
    other = make.signature(by=alice, app=version.template.application, name="清禾到家")
    changed = fields | {
        "signature": other.pk,
        "name": "Other",
        "universal": "on",
        "brackets": "GB",
        "type": "promotion",
    }
    assert sign_in(alice).post(f"/cn/templates/versions/{draft.pk}/", changed).status_code == 302
    held = MessageTemplate.objects.get(pk=version.template_id)
    assert (held.name, held.signature, held.universal, held.brackets) == (
        version.template.name,
        version.template.signature,
        False,
        "CN",
    )
    assert TemplateVersion.objects.get(pk=draft.pk).review_state == ReviewState.IN_REVIEW


def test_the_page_asks_as_often_for_many(alice, sign_in, fields, django_assert_max_num_queries):
    client = sign_in(alice)
    client.get(NEW)
    app = Application.objects.get(pk=fields["application"])
    for number in range(15):
        make.signature(by=alice, app=app, name=f"清禾{number}")
        WordList.objects.create(theme_en=f"Theme {number}", theme_zh="题", words=["假货"])
    with django_assert_max_num_queries(22):
        preview(client, fields)
