"""Prints, once every part is well, where the console is and who can sign in to the demo."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request

PATIENCE_SECONDS = 90


def health(url: str) -> tuple[int, str]:
    # In production only the site's own names are answered.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip() or url.partition("//")[2]
    try:
        request = urllib.request.Request(f"{url}/healthz", headers={"Host": host})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, f"web: {error}"


def main() -> None:
    url = f"http://127.0.0.1:{os.environ['PORT']}"
    end = time.monotonic() + PATIENCE_SECONDS
    status, text = health(url)
    while status != 200 and time.monotonic() < end:
        time.sleep(0.5)
        status, text = health(url)
    if status != 200:
        sys.stderr.write(f"Not everything came up; see {os.environ['VAR_DIR']}/log. {url}/healthz says:\n{text}\n")
        return
    lines = ["", f"Group SMS Console is up: {url}", ""]
    if os.environ["DEMO"] == "true":
        lines += demo_lines()
    sys.stdout.write("\n".join([*lines, "Ctrl-C stops it.", ""]) + "\n")


def demo_lines() -> list[str]:
    import django

    django.setup()
    from accounts.demo import PASSWORD, sign_ins

    rows = [f"  {row['role']:<14} {row['email']}" for row in sign_ins()]
    outbox = f"Mails and texts that would leave: http://127.0.0.1:{os.environ['PORT']}/demo/outbox/"
    return [f"Demo sign-ins, password {PASSWORD}:", *rows, "", outbox, ""]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    main()
