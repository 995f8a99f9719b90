"""The translations tool, on a tree of its own; and the product's own strings, which must all have their Chinese."""

from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import CommandError, call_command

from console.management.commands import translations

CODE = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext
A = _("Plain")
B = gettext_lazy("Lazy %(name)s")
C = ngettext("%(n)s row", "%(n)s rows", 2)
D = pgettext("menu", "Sending")
E = _("joined "
      "over lines")
"""
PAGE = """{% load i18n %}
{% translate "It’s here" %}{% translate "Given" as given %}
{% blocktranslate count n=many with name=x %}One {{ name }}{% plural %}{{ n }} of {{ name }}{% endblocktranslate %}
{% translate "Sending" context "page" %}{{ value|default:_("Nothing") }}
<p>_("not marked")</p>
"""
FOUND = {
    (None, "Plain", None),
    (None, "Lazy %(name)s", None),
    (None, "%(n)s row", "%(n)s rows"),
    ("menu", "Sending", None),
    (None, "joined over lines", None),
    (None, "It’s here", None),
    (None, "Given", None),
    (None, "One %(name)s", "%(n)s of %(name)s"),
    ("page", "Sending", None),
    (None, "Nothing", None),
}


@pytest.fixture
def tree(tmp_path: Path, settings):
    (tmp_path / "console/templates").mkdir(parents=True)
    (tmp_path / "console/code.py").write_text(CODE)
    (tmp_path / "console/templates/page.html").write_text(PAGE)
    settings.BASE_DIR = tmp_path
    return tmp_path


def po(tree, text):
    path = translations.po_path(tree)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + text)


def test_finds_the_strings_of_code_and_templates(tree):
    assert set(translations.strings(tree)) == FOUND


def test_update_keeps_what_is_translated_and_drops_what_is_gone(tree):
    po(tree, 'msgid "Plain"\nmsgstr "普通"\n\nmsgid "Gone"\nmsgstr "没了"\n')
    call_command("translations", "update")
    with translations.po_path(tree).open("rb") as file:
        catalogue = read_po(file)
    assert catalogue["Plain"].string == "普通"
    assert catalogue.get("Gone") is None
    assert len(catalogue) == len(FOUND)


def test_update_twice_changes_nothing(tree):
    call_command("translations", "update")
    first = translations.po_path(tree).read_bytes()
    call_command("translations", "update")
    assert translations.po_path(tree).read_bytes() == first


def test_compile_writes_what_django_reads(tree):
    po(tree, 'msgid "Plain"\nmsgstr "普通"\n')
    call_command("translations", "compile")
    with translations.po_path(tree).with_suffix(".mo").open("rb") as file:
        assert read_mo(file)["Plain"].string == "普通"


def test_check_lists_every_fault(tree):
    po(
        tree,
        'msgid "Plain"\nmsgstr ""\n\n'
        'msgid "Lazy %(name)s"\nmsgstr "懒 %(nome)s"\n\n'
        '#, fuzzy\nmsgid "Given"\nmsgstr "给"\n\n'
        'msgid "Gone"\nmsgstr "没了"\n',
    )
    with pytest.raises(CommandError) as refusal:
        call_command("translations", "check")
    text = str(refusal.value)
    for line in (
        "not translated: 'Plain'",
        "placeholders differ: 'Lazy %(name)s'",
        "fuzzy: 'Given'",
        "no longer in the code: 'Gone'",
        "not in the .po file: 'Nothing' (console/templates/page.html)",
    ):
        assert line in text


def test_every_string_of_the_product_is_translated():
    assert translations.faults(Path(settings.BASE_DIR)) == []
