"""What a reviewer must know to decide a template's version without leaving the page."""

from __future__ import annotations

from typing import Any

from console.lib import countries
from templates_app import prechecks, rules
from templates_app.models import TemplateVersion
from templates_app.reviews import differences, similar


def of_template(item: TemplateVersion) -> dict[str, Any]:
    template, variables = item.template, item.typed_variables
    signature = template.signature.name if template.signature else ""
    mainland = template.application.is_mainland
    before = differences.compared_with(item)
    examples, head = {v.name: v.example for v in variables}, item.head(signature)
    sample = rules.measure(rules.rendered(item.text, examples, head=head), mainland=mainland)
    return {
        "version": item,
        "head": head,
        "mainland": mainland,
        "examples": examples,
        "longest": rules.longest_values(variables),
        "sample": sample,
        "size": rules.longest_size(item.text, variables, signature=signature, mainland=mainland),
        "before": before,
        "changes": differences.changes(before.text, item.text) if before else [],
        "variables_changed": before is not None and before.variables != item.variables,
        "precheck": prechecks.of_version(item),
        "countries": ", ".join(countries.name(code) for code in template.countries),
        "twins": similar.twins(item),
        "similar": similar.similar(item),
    }
