"""Writing CSV that no spreadsheet takes for formulas (CWE-1236, OWASP ASVS 5.0, 1.2.10)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

BOM = "\ufeff"  # without it Excel reads UTF-8 as the machine's own code page
# Half and full width: Excel in East Asian languages takes both.
_STARTS_A_FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")


def safe_cell(value: object) -> str:
    """`value` as text, with an apostrophe in front where a spreadsheet would begin to calculate."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def csv_lines(headers: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The file in pieces, UTF-8 with byte order mark, lines ended as RFC 4180 says."""
    line = StringIO()
    # In quotes throughout: a semicolon parts cells where the comma is the decimal sign, and "=" may stand behind it.
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    line.write(BOM)
    writer.writerow([safe_cell(header) for header in headers])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        if line.tell() > 32_768:
            yield line.getvalue().encode()
            line.seek(0)
            line.truncate()
    yield line.getvalue().encode()
