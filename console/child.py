"""`python -m console.child PROGRAM ARG…` becomes the program, and ends with its parent even if that is killed."""

import os
import sys

from console.embedded import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
