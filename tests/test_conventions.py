"""What we agreed on, held by tests: who imports whom, how big things get, what has to be declared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.permissions import CAN

ROOT = Path(__file__).resolve().parent.parent
APPS = ["console", "accounts", "templates_app", "sending", "statistics"]
# Lowest first; a room imports only what stands before it. `console` itself is the wiring at the top.
FLOORS = ["console.lib", "accounts", "templates_app", "sending", "statistics"]
# Leaves of the wiring that pages of all rooms use: they import no room.
SHARED = {"console.lib", "console.templatetags", "console.figures", "console.lists", "console.embedded", "console.beat"}
FILE_LINES = 500
VIEW_LINES = 30
TASK_LINES = 5
OPEN = {
    "account_signup", "account_email_verification_sent", "account_confirm_email", "agreement-text", "mfa_authenticate",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "healthz", "invitation", "account_login", "set-language", "demo-outbox",
    "promise",
}  # fmt: skip


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders or APPS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str | None:
    if module == "console.lib" or module.startswith("console.lib."):
        return "console.lib"
    first = module.split(".")[0]
    return first if first in FLOORS else None


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(module_of(path))
    if here is None:
        return
    allowed = FLOORS[: FLOORS.index(here) + 1]
    for name in imports(path):
        there = room(name)
        if here == "statistics" and name == "statistics":
            continue  # the standard module
        assert there is None or there in allowed, f"{module_of(path)} imports {name}"
        if name.split(".")[0] == "console" and there is None and name != "console":
            assert any(name == leaf or name.startswith(f"{leaf}.") for leaf in SHARED), (
                f"{module_of(path)} imports {name}, which is wiring"
            )


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= FILE_LINES, f"{path} passes {FILE_LINES} lines: split it by concept"
    limit = VIEW_LINES if "views" in path.stem or "views" in path.parts else TASK_LINES if path.stem == "tasks" else 0
    for node in ast.walk(ast.parse(text)):
        if limit and isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= limit, f"{path}:{node.lineno} {node.name} has {lines} lines, at most {limit}"


def test_only_one_door_to_celery() -> None:
    for path in sources():
        if path.relative_to(ROOT) != Path("console/lib/queue.py"):
            found = re.search(r"\.delay\(|apply_async\(|send_task\(|\beta=|countdown=", path.read_text())
            assert not found, f"{path}: {found and found.group()}"


def test_states_change_only_through_move() -> None:
    """No assignment to a status, and no UPDATE of one outside the functions that own it."""
    owners = {
        "sending/models/background.py",
        "sending/models/job.py",
        "sending/models/job_file.py",
        "sending/intake/loading.py",
        "accounts/models/application.py",
        "accounts/models/enterprise.py",
        "accounts/models/review.py",
        "accounts/mail.py",
    }
    for path in sources():
        if str(path.relative_to(ROOT)) in owners or "carriers" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    assert not (isinstance(target, ast.Attribute) and target.attr in {"status", "review_state"}), (
                        f"{path}:{node.lineno}"
                    )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                assert not {k.arg for k in node.keywords} & {"status", "review_state", "state"}, f"{path}:{node.lineno}"


def test_bool_parameters_are_keyword_only() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for arg in node.args.posonlyargs + node.args.args:
                    is_bool = isinstance(arg.annotation, ast.Name) and arg.annotation.id == "bool"
                    assert not is_bool, f"{path}:{node.lineno} {node.name}({arg.arg})"


def test_every_task_that_is_asked_for_exists() -> None:
    from console.celery import app

    app.loader.import_default_modules()
    asked = {
        name for path in sources() for name in re.findall(r'(?:after_commit|hint)\(\s*"([a-z_.]+)"', path.read_text())
    }
    asked |= {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert asked and asked <= set(app.tasks), asked - set(app.tasks)


def routes() -> Iterator[tuple[str, Callable[..., Any]]]:
    def walk(patterns: list[Any]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    for pattern in walk(get_resolver().url_patterns):
        yield pattern.name or str(pattern.pattern), pattern.callback


def test_every_url_has_a_policy() -> None:
    for name, view in routes():
        declared = getattr(view, "policy", None)
        assert declared == "open" or declared in CAN, f"{name} declares no policy"


def test_what_is_open_stands_on_the_list() -> None:
    assert {name for name, view in routes() if getattr(view, "policy", None) == "open"} == OPEN


def test_url_names_are_given_once() -> None:
    names = [name for name, _ in routes()]
    assert len(names) == len(set(names))


def pages() -> list[str]:
    return [
        str(path.relative_to(folder)) for folder in ROOT.glob("*/templates") for path in sorted(folder.rglob("*.html"))
    ]


@pytest.mark.parametrize("name", pages())
def test_templates_compile_and_obey_the_policy_of_browsers(name: str) -> None:
    source = get_template(name).template.source  # type: ignore[attr-defined]
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", source), "inline styles and scripts are refused"
    assert not re.search(r"<script(?![^>]*\bsrc=)", source), "scripts are files"
    assert "|safe" not in source and "autoescape off" not in source


@pytest.mark.django_db
def test_no_missing_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_addresses_of_people_are_not_compared_by_the_databases_capitals() -> None:
    """`User.objects.with_email` says why."""
    assert not [module_of(path) for path in sources() if "email__iexact" in path.read_text()]


def test_no_missing_translation() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "translations", "check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "."], ["djlint", ".", "--lint", "--quiet"]],
    ids=" ".join,
)
def test_linters(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_requirements_name_no_address() -> None:
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text and "http" not in text and "index" not in text.lower()
