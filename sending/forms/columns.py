"""Choosing what a file is read by: its sheet, its row of headings, and what each of its columns goes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.lib import phone
from console.lib.sheets import letter
from sending.intake import headers as headings
from sending.models import FileState, JobFile, Source
from templates_app.models.template import Variable

NUMBER, VALUE = "number", "value:"
ROWS_SHOWN = 3
# How a column was found (`intake.columns`).
WAYS: dict[str, Promise] = {
    "wish": gettext_lazy("as you chose"),
    "remembered": gettext_lazy("remembered from an earlier file with these headings"),
    "heading": gettext_lazy("by its heading"),
    "content": gettext_lazy("by its content"),
    "order": gettext_lazy("by its position"),
}
ALL_WAYS: dict[str, Promise] = {
    "wish": gettext_lazy("as you chose them"),
    "remembered": gettext_lazy("remembered from an earlier file with these headings"),
    "heading": gettext_lazy("found by their headings"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sheet: its letter and heading, where it goes, and how that was found."""

    letter: str
    heading: str
    field: BoundField
    goes_to: str
    way: str
    cells: list[str]


class Select(forms.Select):
    """Of sheets: those that cannot be read are listed, so that nobody looks for them, but cannot be chosen."""

    barred: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in self.barred:
            option["attrs"]["disabled"] = True
        return option


class ColumnsForm(forms.Form):
    """Of a file whose preview is known. Columns count from 0 for A; each is a field of its own, "column-0"."""

    sheet = forms.ChoiceField(
        label=gettext_lazy("Sheet"),
        widget=Select,
        error_messages={
            "invalid_choice": gettext_lazy("The file has no such sheet that can be read. Choose one of the list.")
        },
    )
    header = forms.ChoiceField(
        label=gettext_lazy("The first row holds headings"),
        choices=[("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
        widget=forms.RadioSelect,
    )
    duplicates = forms.ChoiceField(
        label=gettext_lazy("Of rows with the same number, keep"),
        choices=[("first", gettext_lazy("The first")), ("last", gettext_lazy("The last"))],
        widget=forms.RadioSelect,
    )

    def __init__(
        self, data: Any = None, *, file: JobFile, variables: list[Variable], shows: str = "", **kwargs: Any
    ) -> None:
        """`shows`: what of the first rows: "numbers" in full too, "values" with masked numbers, or nothing."""
        super().__init__(data, **{"auto_id": "columns_%s", **kwargs})
        self.file, self.variables, self.shows = file, variables, shows
        self.preview = file.preview
        self._set_up_sheet()
        self.fields["header"].initial = "yes" if self.preview["header"] else "no"
        self.differing = (file.summary.get("duplicates") or {}).get("differ", 0)
        if self.differing:
            self.fields["duplicates"].initial = file.wanted_columns.get("duplicates", "first")
        else:
            del self.fields["duplicates"]
        self.targets = {
            NUMBER: _("Number"),
            **{f"{VALUE}{v.name}": f"{v.code} {v.meaning}".strip() for v in variables},
        }
        goes_to, self.ways = self._as_read()
        goes_to = goes_to or self._suggested()
        for index in self._indexes():
            self.fields[f"column-{index}"] = forms.ChoiceField(
                choices=[*self.targets.items(), ("", _("Not used"))], required=False, initial=goes_to.get(index, "")
            )

    def _set_up_sheet(self) -> None:
        sheets = self.preview.get("sheets") or []
        if len(sheets) < 2:
            del self.fields["sheet"]
            return
        choices, barred = [], set()
        for sheet in sheets:
            words = sheet["name"]
            if sheet["hidden"] or not sheet["filled"]:
                barred.add(sheet["name"])
                words = _("%(sheet)s (hidden)") if sheet["hidden"] else _("%(sheet)s (empty)")
                words %= {"sheet": sheet["name"]}
            choices.append((sheet["name"], words))
        field = self.fields["sheet"]
        field.widget.barred = frozenset(barred)
        field.choices = choices  # type: ignore[attr-defined]
        field.initial = self.preview["sheet"]

    def _as_read(self) -> tuple[dict[int, str], dict[str, str]]:
        """(column: target) as the file was read, or as somebody has wanted it; (target: how it was found)."""
        mapping = self.file.summary.get("mapping") or self.file.wanted_columns
        found = self.file.summary.get("found_by") or {}
        columns = {NUMBER: mapping.get("number")}
        columns |= {f"{VALUE}{name}": index for name, index in (mapping.get("values") or {}).items()}
        ways = {NUMBER: found.get("number", "")}
        ways |= {f"{VALUE}{name}": way for name, way in (found.get("values") or {}).items()}
        return {index: target for target, index in columns.items() if isinstance(index, int)}, ways

    def _suggested(self) -> dict[int, str]:
        """Of a file whose columns could not all be told: those that can."""
        found: dict[int, str] = {}
        for place, index in enumerate(self._indexes()):
            cells = [cells[place] for _row, cells in self.preview.get("rows", []) if place < len(cells)]
            said = headings.forms(self.preview["headers"][place])
            meant = (v.name for v in self.variables if headings.forms(v.meaning) & said)
            target = NUMBER if any(map(self._is_number, cells)) else f"{VALUE}{next(meant, '')}"
            if target in self.targets and target not in found.values():
                found[index] = target
        return found

    def _is_number(self, text: str) -> bool:
        return isinstance(phone.normalise(text, mainland=self.file.job.application.is_mainland), phone.Number)

    def _indexes(self) -> range:
        first = self.preview.get("first_column", 0)
        return range(first, first + len(self.preview.get("headers", [])))

    # What the page shows ----------------------------------------------------------------------------------------

    @property
    def way(self) -> str:
        """How the columns were found, where that is the same of all; "" else, and where they were not."""
        ways = set(self.ways.values())
        return str(ALL_WAYS.get(ways.pop(), "")) if len(ways) == 1 else ""

    @property
    def is_mixed(self) -> bool:
        """Some were found otherwise than others, or by what people should look at."""
        return bool(set(self.ways.values()) - {""}) and not self.way

    @property
    def rows(self) -> list[int]:
        """The sheet's numbers of the first rows."""
        return [row for row, _cells in self._first_rows()]

    def _first_rows(self) -> list[Any]:
        return self.preview.get("rows", [])[:ROWS_SHOWN] if self.shows else []

    @property
    def columns(self) -> Iterator[Column]:
        first = self.preview.get("first_column", 0)
        shown = [cells for _row, cells in self._first_rows()]
        for index in self._indexes():
            place, bound = index - first, self[f"column-{index}"]
            target = str(bound.value() or "")
            heading = self.preview["headers"][place] if self.preview["header"] else ""
            yield Column(
                letter=letter(index),
                heading=heading,
                field=bound,
                goes_to=self.targets.get(target, _("Not used")),
                way=str(WAYS.get(self.ways.get(target, ""), "")) if self.is_mixed else "",
                cells=[self._shown(cells[place], target) if place < len(cells) else "" for cells in shown],
            )

    def _shown(self, text: str, target: str) -> str:
        if self.shows == "numbers" or not text:
            return text
        return phone.mask(text) if target == NUMBER or self._is_number(text) else text

    # What was chosen --------------------------------------------------------------------------------------------

    def clean_sheet(self) -> str:
        sheet: str = self.cleaned_data["sheet"]
        if sheet in self.fields["sheet"].widget.barred:
            raise forms.ValidationError(_("This sheet is hidden or empty. Show it in the file, and upload it again."))
        return sheet

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self._other_sheet():
            for target, words in self.targets.items():
                self._check(target, words)
        return data

    def _check(self, target: str, words: str) -> None:
        chosen = self._chosen(target)
        if not chosen and target == NUMBER:
            self.add_error(None, _("Choose the column that the numbers are in."))
        elif not chosen:
            self.add_error(None, _("Choose a column for %(what)s: each message needs its value.") % {"what": words})
        for index in chosen[1:]:
            self.add_error(
                f"column-{index}",
                _("%(what)s stands at column %(letter)s already. Leave it at one of them.")
                % {"what": words, "letter": letter(chosen[0])},
            )

    def _chosen(self, target: str) -> list[int]:
        return [index for index in self._indexes() if self.cleaned_data.get(f"column-{index}") == target]

    def _other_sheet(self) -> str:
        """The name of the sheet, where another is wanted than the one whose columns are shown."""
        sheet: str = self.cleaned_data.get("sheet", "")
        return sheet if sheet and sheet != self.preview["sheet"] else ""

    @property
    def wanted(self) -> dict[str, Any]:
        """As `JobFile.wanted_columns` has it. Of another sheet the columns are found anew."""
        data = self.cleaned_data
        chosen: dict[str, Any] = {"duplicates": data.get("duplicates") or ""}
        if sheet := self._other_sheet():
            return chosen | {"sheet": sheet}
        if "sheet" in self.fields:
            chosen["sheet"] = self.preview["sheet"]
        if data.get("header"):
            chosen["header"] = data["header"] == "yes"
        values = {v.name: self._chosen(f"{VALUE}{v.name}")[0] for v in self.variables}
        return chosen | {"number": self._chosen(NUMBER)[0], "values": values}


def can_be_read_again(file: JobFile | None) -> bool:
    """Whether a person may choose its columns: it is a sheet whose top is known, and waits for a decision."""
    if file is None or file.source not in {Source.FILE, Source.LIST} or not file.file:
        return False
    return file.state in {FileState.CHECKED, FileState.UNREADABLE} and bool(file.preview.get("headers"))
