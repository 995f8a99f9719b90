"""How long an upload takes from the file to the stored rows, and what it costs in memory.

`python -m tests.bench.intake` measures both files on servers of its own and prints the figures; the functions can also
be called with servers and Django already up. The files are made once, under var/bench/.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter

FILES = Path(__file__).resolve().parent.parent.parent / "var" / "bench"
MILLION, HUNDRED_THOUSAND = 1_000_000, 100_000
_SPREAD = 7_368_787  # prime: numbers look scattered and never repeat


class Figures(NamedTuple):
    rows: int
    seconds: float
    child_bytes: int  # highest resident size of the child that read the file
    worker_bytes: int  # highest resident size of this process while it did


def number(index: int) -> str:
    """The mobile number of a row; all different, none of 14, where IoT cards are."""
    place = index * _SPREAD % 5_999_999_989
    return str((13_000_000_000 if place < 1_000_000_000 else 14_000_000_000) + place)


def million_numbers() -> Path:
    """1,000,000 numbers as text and nothing else, 12.5 MB."""
    return _made("million-mobiles.xlsx", ["手机号"], MILLION, lambda i: [number(i)])


def million_number_cells() -> Path:
    """1,000,000 numbers in number cells: every row needs its repair noted."""
    return _made("million-mobile-cells.xlsx", ["手机号"], MILLION, lambda i: [int(number(i))])


def hundred_thousand_with_variables() -> Path:
    """100,000 rows with a name, an amount and a date each."""
    return _made(
        "mobiles-with-variables.xlsx",
        ["手机号", "姓名", "金额", "日期"],
        HUNDRED_THOUSAND,
        lambda i: [number(i), f"王{i % 9973}女士", i % 5000 + 0.5, f"2026-{i % 12 + 1:02d}-{i % 28 + 1:02d}"],
    )


def _made(name: str, headers: list[str], rows: int, cells: Callable[[int], list[str | int | float]]) -> Path:
    path = FILES / name
    if path.exists():
        return path
    FILES.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with xlsxwriter.Workbook(str(unfinished), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, headers)
        for index in range(rows):
            for column, value in enumerate(cells(index)):
                if isinstance(value, str):
                    sheet.write_string(index + 1, column, value)
                else:
                    sheet.write_number(index + 1, column, value)
    unfinished.rename(path)
    return path


def measure(path: Path, *, variables: bool) -> Figures:
    """Upload `path` as a job of a new enterprise and read it; the rows stay in the database."""
    from django.core.files import File

    from sending.intake import loading, upload
    from sending.intake.child import highest_memory
    from sending.models import JobStatus
    from tests import make

    person = make.user()
    kinds = [("TEXT", "姓名"), ("MONEY", "金额"), ("DATETIME", "日期")] if variables else []
    text = "尊敬的${1},您${3}的账单为${2}元。" if variables else "您的会员积分即将到期,请及时使用。"
    version = make.template(
        by=person,
        text=text,
        variables=[
            {"name": str(place), "kind": kind, "longest": 20, "meaning": meaning, "example": ""}
            for place, (kind, meaning) in enumerate(kinds, 1)
        ],
    )
    with path.open("rb") as file:
        job = upload.receive(
            enterprise=version.enterprise,
            by=person,
            token=uuid.uuid4(),
            name="bench",
            version=version,
            recipients=upload.Recipients(File(file, name=path.name)),
        )
    forget_peak()
    began = time.monotonic()
    file_row = job.files.get()
    loading.read(file_row.pk)
    seconds = time.monotonic() - began
    job.refresh_from_db()
    file_row.refresh_from_db()
    assert job.status == JobStatus.CHECKED, file_row.fault
    worker = highest_memory()
    file_row.file.delete(save=False)
    return Figures(job.total, seconds, file_row.summary["memory"], worker)


def forget_peak() -> None:
    """Hashing the test person's password takes 100 MB for a moment; that is not the reading's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def run() -> dict[str, Figures]:
    """All three, the largest first."""
    return {
        "million numbers": measure(million_numbers(), variables=False),
        "million number cells": measure(million_number_cells(), variables=False),
        "100,000 rows with 3 variables": measure(hundred_thousand_with_variables(), variables=True),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="console-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
        from console import embedded

        with embedded.running():
            import django
            from django.core.management import call_command

            django.setup()
            from tests import make

            call_command("migrate", verbosity=0)
            make.workday()
            found = run()
    figures: dict[str, Any] = {name: measured._asdict() for name, measured in found.items()}
    sys.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
