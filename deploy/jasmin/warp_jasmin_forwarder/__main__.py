"""The command line of the forwarder."""

import argparse
import json
import logging
import os
import sys

from .config import ConfigurationFault, load

EXAMPLES = """examples:
  python3 -m warp_jasmin_forwarder run --config /etc/warp-jasmin-forwarder/forwarder.toml
  python3 -m warp_jasmin_forwarder check --config /etc/warp-jasmin-forwarder/forwarder.toml
  python3 -m warp_jasmin_forwarder status --config /etc/warp-jasmin-forwarder/forwarder.toml

exit status: 0 well, 1 something is wrong that may pass, 2 the configuration is wrong
"""


def main():
    parser = argparse.ArgumentParser(
        prog="warp_jasmin_forwarder", description="Posts what Jasmin sends and receives to cdr-ingest, each message once.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in (
            ("run", "forward, until SIGTERM"),
            ("check", "read the configuration, then try broker and door without taking or sending anything"),
            ("status", "how much lies in the journal, as JSON")):
        command = commands.add_parser(name, help=summary, description=summary, epilog=EXAMPLES,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        command.add_argument("--config", required=True, metavar="FILE", help="the configuration, in TOML")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        settings = load(arguments.config)
        return {"run": run, "check": check, "status": status}[arguments.command](settings)
    except ConfigurationFault as fault:
        print(f"warp_jasmin_forwarder: {fault}", file=sys.stderr)
        return 2


def run(settings):
    from .service import Service

    os.umask(0o077)
    Service(settings).run()
    return 0


def check(settings):
    """Each thing in one line; the exit status says whether all are well."""
    import http.client

    from .broker import Broker, Gone
    from .poster import Poster

    well = True
    print("configuration  well")
    try:
        Broker(settings.broker).close()
        print(f"broker         well: the queue {settings.broker.queue} is bound")
    except Gone as fault:
        well = False
        print(f"broker         {settings.broker.host}:{settings.broker.port}: {fault or type(fault).__name__}")
    try:
        # A batch of nothing: the door says whether it knows us, and keeps nothing.
        code, _, answer = Poster(None, settings.door).post(b"[]", "application/json")
        if code != 202:
            well = False
            print(f"door           {settings.door.url} answers {code} {answer[:200]}")
        else:
            print(f"door           well: {settings.door.url} knows this source")
    except (OSError, http.client.HTTPException) as fault:
        well = False
        print(f"door           {settings.door.url}: {fault}")
    return 0 if well else 1


def status(settings):
    from .journal import Journal

    journal = Journal(settings.journal.path)
    print(json.dumps(journal.counts()))
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
