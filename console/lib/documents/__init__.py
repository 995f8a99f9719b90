"""Documents that people hand in: is a file what it says, and a safe copy of it (`checking.check`).

The file's name (`names`) and its first bytes (`kinds`) are looked at here; everything that decodes (`images`, `pdfs`)
runs in a limited process (`child`, started by `process`). The sentences people read are in `words`.
"""

from console.lib.documents.checking import Checked, check
from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.kinds import EXTENSIONS, Kind
from console.lib.documents.names import NAME_MAX, SIGNS
from console.lib.documents.process import BYTES_MAX

__all__ = [
    "BYTES_MAX",
    "EXTENSIONS",
    "NAME_MAX",
    "SIGNS",
    "Checked",
    "Code",
    "DocumentFault",
    "Kind",
    "check",
]
