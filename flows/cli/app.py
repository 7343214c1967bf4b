"""The commands by name, and how errors become messages and exit codes.

========= =====================================================================
exit code meaning
========= =====================================================================
0         done
1         a bug (``--debug`` shows where)
2         the user's input is wrong
3         a source is down; what was done is kept
4         done, but with excluded events (``--strict``)
130       interrupted
========= =====================================================================
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.main import get_command

from flows.cli import screen
from flows.cli.calibrate import calibrate
from flows.cli.check import check
from flows.cli.collect import SeveralValues, collect
from flows.cli.compare import compare
from flows.cli.doctor import doctor
from flows.cli.history import diff, history
from flows.cli.listing import list_registry
from flows.cli.prices import prices
from flows.cli.review import review
from flows.cli.run import run
from flows.cli.serve import serve
from flows.cli.starter import init
from flows.connection import ServerLost, leave
from signals.errors import SignalsError

DEBUG_VARIABLE: Final = "SIGNALS_DEBUG"
INTERRUPTED: Final = 130
BLAS_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
INTERRUPTION: Final = "interrupted; files already written are whole"

app = typer.Typer(
    name="signals",
    help="How far did these prices move because of this news, and could chance have done it?",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a bug, 2 wrong input, 3 a source is down, 4 excluded events "
    "(--strict).",
)
app.command("run")(run)
app.command("check")(check)
app.command("collect", cls=SeveralValues)(collect)
app.command("review")(review)
app.command("prices")(prices)
app.command("calibrate")(calibrate)
app.command("serve")(serve)
app.command("history")(history)
app.command("diff")(diff)
app.command("compare")(compare)
app.command("list")(list_registry)
app.command("init")(init)
app.command("doctor")(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        screen.out(f"signals {version('signals-eventstudy')}")
        raise typer.Exit


@app.callback()
def _global(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never ends in a traceback unless asked to."""
    before = os.environ.get(DEBUG_VARIABLE)
    if arguments is None:
        one_blas_thread()
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except ServerLost as error:
        screen.error(str(error))
        if arguments is None:  # the process is ours
            leave(error.exit_code)
        return error.exit_code
    finally:
        if before is None:
            os.environ.pop(DEBUG_VARIABLE, None)


def one_blas_thread() -> None:
    """Before numpy is imported: its matrix products on one thread, unless the user says otherwise.

    Ours are small: more threads make a run slower, and its last digits (where an optimiser stops)
    depend on the machine. Checked by ``tests/flows/test_cli.py``.
    """
    if not any(os.environ.get(name) for name in BLAS_VARIABLES):
        os.environ[BLAS_VARIABLES[0]] = "1"


def _run(arguments: list[str]) -> int:
    app.rich_markup_mode = "rich" if sys.stdout.isatty() else None
    try:
        code = get_command(app).main(arguments, prog_name="signals", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:
            screen.error(INTERRUPTION)
        return int(code or 0)
    except ServerLost:
        raise
    except SignalsError as error:
        screen.error(str(error))
        return error.exit_code
    except typer.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, typer.Abort):
        screen.error(INTERRUPTION)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`signals list models | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    usage = getattr(error, "exit_code", None)
    if usage is not None and hasattr(error, "show"):  # wrong options, as the parser says it
        error.show()
        return int(usage)
    if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"):
        raise error
    screen.error(
        f"a bug: {type(error).__name__}: {error}\n"
        "Nothing of what was already written is broken. To see where it comes from: "
        "signals --debug …"
    )
    return 1
