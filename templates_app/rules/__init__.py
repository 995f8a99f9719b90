"""What a template's text and variables must be before people review it (product reference, 4.3, 4.4, 4.7, 4.8).

Functions of values: no database, no request. Each rule says what is wrong and what would be right.
`templates_app.prechecks` gathers what they need.
"""

from templates_app.rules.checking import precheck
from templates_app.rules.result import Level, Result, Subject, Theme
from templates_app.rules.size import Measure, Size, in_brackets, longest_size, longest_values, measure, rendered
from templates_app.rules.structure import names
from templates_app.rules.variables import EXAMPLE_MAX, MEANING_MAX, variable_faults

__all__ = [
    "EXAMPLE_MAX",
    "MEANING_MAX",
    "Level",
    "Measure",
    "Result",
    "Size",
    "Subject",
    "Theme",
    "in_brackets",
    "longest_size",
    "longest_values",
    "measure",
    "names",
    "precheck",
    "rendered",
    "variable_faults",
]
