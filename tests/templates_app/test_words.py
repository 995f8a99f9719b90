"""The word lists: who may see and change them, what is recorded, and what they begin with."""

import importlib

import pytest
from django.apps import apps

from accounts.audit_words import has_words
from accounts.models import AuditEntry
from console.lib.errors import NotAllowed
from templates_app import words
from templates_app.models import WordList
from templates_app.rules.themes import Folded

pytestmark = pytest.mark.django_db
FIELDS = {"theme_en": "Fake goods", "theme_zh": "假货", "words": "假货\n 高  仿 \n\n假货\nreplica", "effect": "refuse"}
initial = importlib.import_module("templates_app.migrations.0011_word_lists")


@pytest.fixture
def held(db):
    return WordList.objects.create(theme_en="Held", theme_zh="题", words=["假货"])


def test_a_list_is_added_changed_and_deleted(carol, sign_in):
    client = sign_in(carol)
    assert client.post("/words/new/", FIELDS | {"types": ["promotion"]}).url == "/words/"
    made = WordList.objects.get(theme_en="Fake goods")
    assert (made.words, made.effect, made.types, made.changed_by) == (
        ["假货", "高 仿", "replica"], "refuse", ["promotion"], carol,
    )  # fmt: skip
    url = f"/words/{made.pk}/"
    changed = FIELDS | {"words": "假货\n仿冒", "effect": "warn", "seen": words.token(made)}
    assert client.post(url, changed).status_code == 302
    made.refresh_from_db()
    assert (made.words, made.effect, made.types) == (["假货", "仿冒"], "warn", [])
    entry = AuditEntry.objects.get(verb="wordlist.changed")
    assert (entry.after["words"], entry.before["words"], entry.by) == (["仿冒"], ["replica", "高 仿"], carol)
    client.post(f"{url}remove/", {"seen": words.token(made)})
    assert not WordList.objects.filter(pk=made.pk).exists()
    verbs = ["wordlist.added", "wordlist.changed", "wordlist.removed"]
    assert list(AuditEntry.objects.filter(verb__in=verbs).order_by("id").values_list("verb", flat=True)) == verbs
    assert all(has_words(verb) for verb in verbs)


def test_two_windows_on_one_list(carol, sign_in, held):
    seen = words.token(held)
    client = sign_in(carol)
    client.post(f"/words/{held.pk}/", FIELDS | {"seen": seen})
    late = client.post(f"/words/{held.pk}/", FIELDS | {"seen": seen, "words": "第二个"})
    assert late.status_code == 422
    assert "after you opened it" in late.content.decode() and "第二个" in late.content.decode()
    client.post(f"/words/{held.pk}/remove/", {"seen": seen})
    held.refresh_from_db()
    assert held.theme_en == "Fake goods"


def test_a_list_that_is_gone_is_told(carol, held):
    seen = words.token(held)
    pk = held.pk
    held.delete()
    with pytest.raises(NotAllowed, match="deleted this list"):
        words.remove(pk, seen=seen, by=carol)


def test_saving_nothing_new_is_no_change(carol, held):
    values = {name: getattr(held, name) for name in words.FIELDS}
    words.change(held.pk, values, seen=words.token(held), by=carol)
    assert not AuditEntry.objects.filter(verb="wordlist.changed").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"theme_en": "Held"}, "id_theme_en-error"),
        ({"theme_en": "a\u202eb"}, "id_theme_en-error"),
        ({"theme_zh": ""}, "id_theme_zh-error"),
        ({"words": " \n "}, "id_words-error"),
        ({"words": "x" * 61}, "id_words-error"),
        ({"words": "货"}, "id_words-error"),
        ({"words": "假\u200b货"}, "id_words-error"),
        ({"words": "\n".join(f"假货{n}" for n in range(501))}, "id_words-error"),
        ({"effect": "burn"}, "id_effect-error"),
    ],
)
def test_bad_input(carol, sign_in, held, changes, field):
    response = sign_in(carol).post("/words/new/", FIELDS | changes)
    assert response.status_code == 422 and field in response.content.decode()
    assert not WordList.objects.filter(theme_en="Fake goods").exists()


def test_reviewers_look_and_try_but_do_not_change(alice, bob, sign_in, held):
    client = sign_in(bob)
    page = client.get("/words/").content.decode()
    assert "Held" in page and f"/words/{held.pk}/" not in page
    tried = client.post("/words/", {"text": "本店假 货"}).content.decode()
    assert '<span class="quote">假 货</span>' in tried
    assert "None of the words is in it." in client.post("/words/", {"text": "zz"}).content.decode()
    assert client.post("/words/", {"text": ""}).status_code == 422
    assert client.post("/words/", {"text": "a." * 500_000}).status_code == 200
    assert client.get(f"/words/{held.pk}/").status_code == 403
    assert client.post(f"/words/{held.pk}/remove/").status_code == 403
    assert sign_in(alice).get("/words/").status_code == 403


def test_what_the_lists_begin_with():
    WordList.objects.all().delete()
    initial.add(apps, None)
    initial.add(apps, None)  # repeating it is harmless
    lists = list(WordList.objects.all())
    assert len(lists) == len(initial.LISTS) > 25
    for held in lists:
        assert all(2 <= len(word) <= 60 for word in held.words), held
        assert len(held.words) == len(set(held.words))
    effects = {held.theme_en: held.effect for held in lists}
    assert effects["Drugs"] == "refuse" and effects["Real estate"] == "warn"


HARMLESS = [
    "尊敬的${1}，您的账户本月消费${2}元，可在任一门店或小程序查看明细。",
    "这是一条测试短信，编号${1}。",
    "USA货运已到，请支援交通",
    "您的验证码为：${1}，请尽快完成验证。",
    "没什么大麻烦，心情色彩",
    "今日结束，交代考试安排",
    "Your barcode and reloaned book",
    "远离毒品，谨防假货",
]
REFUSING = [
    word for *_, effect, _types, words in initial.LISTS if effect == "refuse" for word in initial.words_of(words)
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_refuses_leaves_no_doubt(text):
    shape = Folded(text)
    assert [word for word in REFUSING if shape.find(word)] == []
