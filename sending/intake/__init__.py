"""From an uploaded sheet to rows of the ledger, each good or with its problem.

`upload` takes a file in (`sources` makes it, where no person brings one), `loading` has it read in a child process
(`process` starts it, `child` is what runs there) and stores the rows, `earlier` compares with the job's other files,
`columns`, `checking` and `console.lib.values` are the rules, `remembered` keeps what people chose, `merged` adds up
what was found, and `problems` puts it into words.

This module is loaded by the child as well, which must not touch Django: hence the import inside `read`.
"""

from console.lib.sheets import SheetFault
from sending.intake.columns import ColumnFault

__all__ = ["ColumnFault", "SheetFault", "read"]


def read(file_id: int) -> None:
    """Check a job's file and store its rows, unless somebody else does or has done; see `loading.read`."""
    from sending.intake.loading import read as load

    load(file_id)
