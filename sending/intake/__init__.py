"""From an uploaded sheet to rows of the ledger, each good or with its problem.

`upload` takes the file in, `loading` has it read in a child process (`process` starts it, `child` is what runs there)
and stores the rows, `columns`, `checking` and `console.lib.values` are the rules, `problems` puts what was found into
words.

This module is loaded by the child as well, which must not touch Django: hence the import inside `read`.
"""

from console.lib.sheets import SheetFault
from sending.intake.columns import ColumnFault

__all__ = ["ColumnFault", "SheetFault", "read"]


def read(job_id: int) -> None:
    """Check the job's file and store its rows, unless somebody else does or has done; see `loading.read`."""
    from sending.intake.loading import read as load

    load(job_id)
