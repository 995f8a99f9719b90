"""`manage.py smsc`: the simulated carrier as a process of its own. Needs no database."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sending.carriers.simulator.script import table
from sending.carriers.simulator.server import Simulator, SimulatorConfig

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs the simulator until SIGTERM or SIGINT, then unbinds every session and exits 0."""

    help = "Runs a simulated carrier: an SMPP 3.4 server that treats messages as their numbers say."
    requires_system_checks = ()
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, with the script's table below the options."""
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, epilog=table(), **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """The options; each is a field of SimulatorConfig, but for --port-file and --log."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=2775, help="0: any free one")
        parser.add_argument("--port-file", type=Path, help="write the port here once listening")
        parser.add_argument("--system-id", default="", help="the one account let in; without it, every one")
        parser.add_argument("--password", default="")
        parser.add_argument("--record", type=Path, help="append every accepted message here, one JSON object a line")
        parser.add_argument("--receipt-delay", type=_at_least_0(float), default=0.0, metavar="S")
        parser.add_argument("--rate", type=_at_least_0(int), default=0, metavar="N", help="throttle above N a second")
        parser.add_argument("--delay", type=_at_least_0(float), default=0.0, metavar="S", help="before each answer")
        parser.add_argument("--throttle-every", type=_at_least_0(int), default=0, metavar="N")
        parser.add_argument(
            "--drop-every", type=_at_least_0(int), default=0, metavar="N", help="accept, then close unanswered"
        )
        parser.add_argument(
            "--no-answer-every", type=_at_least_0(int), default=0, metavar="N", help="accept, never answer"
        )
        parser.add_argument("--early-receipts", action="store_true", help="the receipt before the answer")
        parser.add_argument("--duplicate-receipts", action="store_true")
        parser.add_argument(
            "--id-form",
            choices=("dec", "hex", "zeros"),
            default="dec",
            help="how the answer writes the id; receipts are always plain decimal",
        )
        parser.add_argument("--no-receipts", action="store_true")
        parser.add_argument("--log", choices=("debug", "info", "warning", "error"), default="info", help="log level")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        logging.getLogger("sending.carriers.simulator").setLevel(options["log"].upper())
        logger.setLevel(options["log"].upper())
        config = SimulatorConfig(
            host=options["host"],
            port=options["port"],
            system_id=options["system_id"],
            password=options["password"],
            record=options["record"],
            receipts=not options["no_receipts"],
            receipt_delay=options["receipt_delay"],
            answer_delay=options["delay"],
            rate=options["rate"],
            throttle_every=options["throttle_every"],
            drop_every=options["drop_every"],
            no_answer_every=options["no_answer_every"],
            early_receipts=options["early_receipts"],
            duplicate_receipts=options["duplicate_receipts"],
            id_form=options["id_form"],
        )
        try:
            asyncio.run(_serve(config, options["port_file"]))
        except OSError as error:
            raise CommandError(f"cannot run on {config.host}:{config.port}: {error}") from error


def _at_least_0(kind: type[int] | type[float]) -> Any:
    def read(value: str) -> int | float:
        number = kind(value)
        if not number >= 0:
            raise argparse.ArgumentTypeError(f"{value} is below 0")
        return number

    return read


async def _serve(config: SimulatorConfig, port_file: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulator = Simulator(config)
    await simulator.start()
    logger.info("listening on %s:%d", config.host, simulator.port)
    if port_file is not None:
        # Whoever waits for the file must not read half a number.
        draft = port_file.with_name(port_file.name + ".new")
        draft.write_text(f"{simulator.port}\n", encoding="ascii")
        os.replace(draft, port_file)
    await stop.wait()
    await simulator.close()
    logger.info("stopped; %s", simulator.counts)
