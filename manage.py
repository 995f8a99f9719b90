#!/usr/bin/env python
"""Command line of the console. Starts the embedded servers for commands that need them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    from environs import EnvError

    from console import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        import console.settings  # noqa: F401
    except EnvError as error:
        sys.exit(f"The settings are not usable. {error}")
    with embedded.for_command(command):
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
