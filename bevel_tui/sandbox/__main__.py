"""``python -m bevel_tui.sandbox --contexts a,b``: simulated clusters in the foreground.

The first line on stdout is the path of their kubeconfig. Everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from bevel_tui.records.errors import BevelError, ExitCode
from bevel_tui.sandbox.process import run_foreground


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bevel_tui.sandbox", description="Simulated clusters on loopback.")
    parser.add_argument("--contexts", default="", help="names of the kubeconfig contexts, separated by commas")
    parser.add_argument("--context", action="append", default=[], help="one more context, whatever its name holds")
    parser.add_argument("--domain", action="append", default=[], help="a zone that the name server serves at once")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than real time (default 1)")
    parser.add_argument("--state", type=Path, default=None, help="folder for the kubeconfig (default: XDG state)")
    parser.add_argument("--follow-parent", action="store_true", help="end when stdin is closed")
    parser.add_argument("--verbose", action="store_true", help="say more on stderr")
    return parser.parse_args(argv)


def _announce(path: Path) -> None:
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Run until a signal; the exit code."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(
        stream=sys.stderr, level=logging.DEBUG if options.verbose else logging.WARNING, format="sandbox: %(message)s"
    )
    contexts = [*filter(None, options.contexts.split(",")), *options.context]
    if not contexts or not options.speed > 0:
        sys.stderr.write("sandbox: --contexts is needed, and --speed must be positive\n")
        return ExitCode.USAGE
    try:
        asyncio.run(
            run_foreground(
                contexts,
                speed=options.speed,
                state_dir=options.state,
                domains=options.domain,
                ready=_announce,
                follow_parent=options.follow_parent,
            )
        )
    except BevelError as error:
        sys.stderr.write(f"sandbox: {error.message}\n")
        return error.exit_code
    except KeyboardInterrupt:
        pass
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
