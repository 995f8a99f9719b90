"""The tags of console.templatetags.console, and what no template of ours may contain."""

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory

from accounts.models import ReviewState
from sending.states import STRIP_ORDER, JobStatus, MessageState
from templates_app.models.template import Variable

TEMPLATES = sorted(Path(settings.BASE_DIR).glob("*/templates/**/*.html"))


def render(source, **context):
    return engines["django"].from_string(source).render(context)


def widths(svg):
    return [float(width) for width in re.findall(r' width="([\d.]+)%" height="\d+"/>', svg)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(MessageState.DELIVERED, 1)], [100]),
        ([(MessageState.DELIVERED, 999_999), (MessageState.UNKNOWN, 1)], [99, 1]),
        ([(MessageState.DELIVERED, 0), (MessageState.FAILED, 5), (MessageState.QUEUED, 5)], [50, 50]),
        ([(state, 1 if state else 10**6) for state in STRIP_ORDER], [1] * 9 + [91]),
        ([], []),
    ],
)
def test_strip_fills_the_width_and_hides_nobody(rows, expected):
    drawn = [width for width in widths(render("{% strip rows height=14 %}", rows=rows)) if width]
    assert drawn[: len(expected)] == pytest.approx(expected, abs=0.02)


def test_strip_is_hatched_only_when_high_and_outlined_while_rows_wait():
    rows = [(MessageState.UNKNOWN, 1)]
    assert "url(#h-unknown)" in render("{% strip rows height=28 %}", rows=rows)
    assert "url(#" not in render("{% strip rows height=12 %}", rows=rows)
    assert "track" not in render("{% strip rows %}", rows=rows)
    assert "track" in render("{% strip rows %}", rows=[("queued", 1)])


@pytest.mark.parametrize(("done", "of", "width"), [(0, 0, "0.0"), (61, 100, "61.0"), (5, 4, "100.0")])
def test_meter_stays_in_its_rail(done, of, width):
    drawn = render("{% meter done of label='Rows' mark=3 %}", done=done, of=of)
    assert f'class="fill" width="{width}%"' in drawn


def test_every_state_has_a_shape_of_the_sprite_a_colour_and_a_word():
    sprite = (Path(settings.BASE_DIR) / "static/icons.svg").read_text()
    sheet = (Path(settings.BASE_DIR) / "static/console.css").read_text()
    shown = "".join(
        [render("{% state s %}", s=s) for s in MessageState]
        + [render("{% job_state s pill=True %}", s=s) for s in JobStatus]
        + [render("{% review_state s %}", s=s) for s in ReviewState]
    )
    for shape in re.findall(r"#([\w-]+)\"", shown):
        assert f'id="{shape}"' in sprite
    for tone in re.findall(r"glyph (is-[\w-]+)", shown):
        assert f".{tone}" in sheet
    assert shown.count("</svg></span>") == 0


def test_bubble_escapes_marks_and_counts():
    pieces = [("text", "Dear <b>"), ("variable", "1"), ("text", ", " + "x" * 160), ("variable", "2")]
    shown = render("{% bubble pieces values mainland=False %}", pieces=pieces, values=["<i>"])
    assert "&lt;b&gt;<mark>&lt;i&gt;</mark>" in shown
    assert shown.count("seg-break") == 1
    assert '<span class="var-code">${2}</span>' in shown


def test_bubble_counts_the_head_and_shows_codes_as_they_are_written():
    pieces = [("text", "字" * 50), ("variable", "1")]
    variables = [Variable("1", "TXT", 8)]
    shown = render("{% bubble pieces head=head variables=variables %}", pieces=pieces, head="[AB]", variables=variables)
    assert "[AB]字" in shown and '<span class="var-code">${TXT_8}</span>' in shown
    shown = render("{% bubble pieces values head=head %}", pieces=pieces, head="【清禾】", values=["x" * 17])
    assert shown.count("seg-break") == 1, "4 + 50 + 17 characters"
    assert "${TXT_8}" in render("{% coded pieces variables %}", pieces=pieces, variables=variables)
    assert "${1}" in render("{% coded pieces %}", pieces=pieces)


@pytest.mark.parametrize(
    ("length", "parts"), [(70, [70]), (71, [67, 4]), (134, [67, 67]), (135, [67, 67, 1]), (201, [67, 67, 67])]
)
def test_bubble_marks_each_segment_where_it_begins(length, parts):
    shown = render("{% bubble pieces %}", pieces=[("text", "字" * length)])
    assert [len(part) for part in re.findall("字+", shown)] == parts


class SampleForm(forms.Form):
    at = forms.CharField(label="Send at", help_text="Local time")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_field_names_its_help_and_its_error():
    shown = render("{% field form.at %}", form=SampleForm({"at": ""}))
    assert 'aria-describedby="id_at-help id_at-error"' in shown
    assert 'id="id_at-help"' in shown
    assert 'id="id_at-error"' in shown
    assert "form-control is-invalid" in shown
    assert "#st-invalid" in shown


def test_field_marks_what_is_optional_and_shows_few_choices_side_by_side():
    form = SampleForm()
    assert "(optional)" in render("{% field form.note %}", form=form)
    assert "(optional)" not in render("{% field form.at %}", form=form)
    assert "seg-control" in render("{% field form.kind %}", form=form)


def test_query_changes_one_thing_and_starts_the_list_again():
    request = RequestFactory().get("/jobs/", {"state": "failed", "after": "7", "name": "a b"})
    assert render("{% query state='sent' %}", request=request) == "?state=sent&amp;name=a+b"
    assert render("{% query after=9 %}", request=request) == "?state=failed&amp;after=9&amp;name=a+b"
    assert render("{% query state=None name=None %}", request=request) == "/jobs/"


def test_sort_turns_round():
    def head(asked):
        return render("{% sort 'name' 'Name' %}", request=RequestFactory().get("/", asked), sort="-created")

    assert 'href="?sort=name"' in head({})
    assert "aria-sort" not in head({})
    assert 'aria-sort="ascending"' in head({"sort": "name"})
    assert 'href="?sort=-name"' in head({"sort": "name"})
    assert 'aria-sort="descending"' in head({"sort": "-name"})


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_compile_and_hold_nothing_the_policy_forbids(path):
    source = path.read_text()
    get_template(path.as_posix().rpartition("/templates/")[2])
    assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|<script(?![^>]*\bsrc=)|javascript:", source)
