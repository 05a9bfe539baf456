"""The command line: `standfast …`."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer

from automation.commands import check, ci, demo, drill, mesh_ca, regions, sandbox
from automation.commands.common import tell
from automation.errors import AutomationError, Exit
from automation.redaction import redacted
from automation.targets import log_folder
from config.problems import ConfigError
from drills.errors import DrillError
from sandbox.errors import SandboxError

HELP = """GPU inference over regions and zones: bring it up, break it, measure how it recovers.

Commands that touch regions take --target: `cloud` (the default) uses your own pulumi, credentials and
backend; `sandbox` uses what `standfast sandbox up` started on this machine.

Ends with 0 when all is well, 1 on an error, 2 when the configuration or the command line is refused, 3 when a
promise is broken or a recovery does not come, 130 when interrupted. `ci preview` has codes of its own.
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(sandbox.app, name="sandbox")
app.command()(regions.preview)
app.command()(regions.up)
app.command()(regions.destroy)
app.command()(regions.outputs)
app.add_typer(drill.app, name="drill")
app.add_typer(mesh_ca.app, name="mesh-ca")
app.command()(check.check)
app.add_typer(ci.app, name="ci")
app.command()(demo.demo)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Errors of ours are one clear text on stderr."""
    command = typer.main.get_command(app)
    try:
        result = command.main(
            args=None if arguments is None else list(arguments), prog_name="standfast", standalone_mode=False
        )
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        tell(f"{error.format_message()} See `standfast --help`, or --help after a command.")
        return Exit.REFUSED
    except (KeyboardInterrupt, typer.Abort):
        tell("stopped")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; nothing is left to tell it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.ERROR
    except Exception as error:
        return _tell_error(error)
    return result if isinstance(result, int) else Exit.OK


def _tell_error(error: Exception) -> Exit:
    if isinstance(error, ConfigError):
        tell(str(error))
        return Exit.REFUSED
    if isinstance(error, AutomationError):
        tell(str(error))
        return error.exit_code
    if isinstance(error, SandboxError | DrillError):
        tell(str(error))
        return Exit.ERROR
    what = redacted(f"{type(error).__name__}: {error}")
    tell(f"an error that should not happen ({what}); details: {_kept()}")
    return Exit.ERROR


def _kept() -> Path:
    """Keeps the traceback of the present error in a file."""
    folder = log_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"error-{time.strftime('%Y%m%d-%H%M%S')}.log"
    path.write_text(redacted(traceback.format_exc()), encoding="utf-8")
    return path


def main() -> None:
    """The entry point. To be told to end is like Ctrl-C: what was broken is mended, what runs is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run())
