"""How long an export of 1,000,000 rows takes and what it costs in memory, and how fast pages of these rows answer.

`python -m tests.bench.exports` measures on servers of its own and prints the figures; `measure` can also be called with
servers and Django already up. The bars: xlsx 90 s, csv 15 s, the same memory for a hundred thousand rows as for a
million, and 300 ms for 95 of 100 pages of rows.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User
    from sending.models import ExportFormat, SendJob

MILLION, HUNDRED_THOUSAND = 1_000_000, 100_000
ROUNDS = 10
# As after a campaign: nearly all delivered, some failed for several reasons, some refused, long ones among them.
_SETTLE = """
    UPDATE sending_message SET
        state = CASE WHEN state = 9 THEN 9 WHEN i %% 50 = 0 THEN 4 WHEN i %% 501 = 0 THEN 7 ELSE 3 END,
        code = CASE WHEN state = 9 THEN code WHEN i %% 50 = 0 THEN (ARRAY['UNDELIV', 'EXPIRED', 'LIMIT'])[1 + i %% 3]
            WHEN i %% 501 = 0 THEN 'no_answer' ELSE 'DELIVRD' END,
        number = '+861' || lpad(((i * 7368787) %% 9999999967)::text, 10, '0'),
        submitted_at = now() - interval '1 hour' + i * interval '1 ms', settled_at = now(), carrier_id = %(carrier)s
    FROM (SELECT id AS pk, id - %(first)s AS i FROM sending_message WHERE id >= %(first)s AND id < %(end)s) r
    WHERE id = pk AND id >= %(first)s AND id < %(end)s
"""


def job_of(rows: int, by: User) -> SendJob:
    from django.db import connection

    from tests import make

    job = make.job(by=by, rows=rows - rows // 100, invalid=rows // 100, name=f"{rows:,} rows")
    first = job.first_id or 0
    asked = {"first": first, "end": first + rows, "carrier": make.carrier(name=f"carrier {rows}").pk}
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, asked)
        cursor.execute("ANALYZE sending_message")
    return job


def export(job: SendJob, by: User, made_as: ExportFormat, **more: Any) -> tuple[float, int, int]:
    """Seconds, the highest memory meanwhile, the file's size."""
    from sending import exports
    from sending.intake.child import highest_memory
    from sending.models import ExportRows, MakingState
    from tests.bench.intake import forget_peak

    asked = exports.ask(job, by=by, token=uuid.uuid4(), which=ExportRows.ALL, made_as=made_as, **more)
    forget_peak()
    began = time.monotonic()
    exports.make(asked.pk)
    seconds = time.monotonic() - began
    highest = highest_memory()
    asked.refresh_from_db()
    assert asked.state == MakingState.READY and asked.rows == job.total, (asked.state, asked.rows)
    size = asked.file.size
    asked.file.delete(save=False)
    return seconds, highest, size


def pages(job: SendJob, by: User) -> dict[str, float]:
    """Milliseconds of 95 of 100 answers, by what was asked of the rows."""
    from django.test import Client
    from django.urls import reverse

    client = Client(SERVER_NAME="127.0.0.1", headers={"HX-Request": "true"})
    client.force_login(by)
    queries: dict[str, dict[str, Any]] = {
        "newest": {},
        "middle": {"before": 500_000},
        "failed": {"state": "failed"},
        "one code": {"state": "failed", "code": "LIMIT"},
        "a code of nobody": {"state": "delivered", "code": "XYZ"},
        "whole number": {"number": "+86 138 4715 4567"},
        "beginning": {"number": "138"},
        "long beginning": {"number": "1384715"},
        "beginning of a state": {"number": "13847", "state": "failed"},
        "row": {"row": "765432"},
        "not delivered": {"state": "not-delivered", "before": 900_000},
    }
    found = {}
    for name, query in queries.items():
        took = []
        for _round in range(ROUNDS + 1):
            began = time.monotonic()
            assert client.get(reverse("job", args=[job.pk]), query).status_code == 200
            took.append((time.monotonic() - began) * 1000)
        found[name] = round(statistics.quantiles(took[1:], n=20)[-1], 1)
    return found


def measure() -> dict[str, Any]:
    from accounts.models import Role
    from sending.models import ExportFormat
    from tests import make

    person = make.user(role=Role.OWNER)
    small, large = job_of(HUNDRED_THOUSAND, person), job_of(MILLION, person)
    found: dict[str, Any] = {}
    for made_as in ExportFormat:
        _seconds, few, _size = export(small, person, made_as)
        seconds, many, size = export(large, person, made_as)
        found[made_as] = {"seconds": round(seconds, 1), "mib": many >> 20, "mib_100k": few >> 20, "size_mb": size >> 20}
    seconds, many, size = export(large, person, ExportFormat.XLSX, with_text=True)
    found["xlsx with texts"] = {"seconds": round(seconds, 1), "mib": many >> 20, "size_mb": size >> 20}
    return found | {"pages_p95_ms": pages(large, person)}


def say(found: dict[str, Any]) -> str:
    told = [
        f"Export of 1,000,000 rows to {made_as}: {found[made_as]['seconds']} s, {found[made_as]['mib']} MiB"
        f" ({found[made_as]['mib_100k']} MiB for 100,000), {found[made_as]['size_mb']} MB"
        for made_as in ("xlsx", "csv")
    ]
    slowest = max(found["pages_p95_ms"].items(), key=lambda page: page[1])
    return "\n".join(
        [*told, f"Pages of a million rows, slowest ({slowest[0]}): {slowest[1]} ms at the 95th percentile"]
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="console-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
        from console import embedded

        with embedded.running():
            import django
            from django.core.management import call_command
            from django.db import connection

            django.setup()
            from tests import make

            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            make.workday()
            found = measure()
            connection.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n" + say(found) + "\n")


if __name__ == "__main__":
    main()
