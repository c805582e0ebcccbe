"""The command `kulla`: its subcommands, and how every failure reaches the user as one line and an exit code."""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kulla import __version__
from kulla.errors import KullaError
from kulla.events.sandbox import terminable
from kulla.hunt.visible import visible

EXAMPLES = """The tools of a national cyber-defence centre: read logs of every kind, match every Sigma rule, explain.

**Examples**

- `kulla hunt /evidence --rules rules --out report.html`
- `kulla rules check sigma/rules`
- `kulla events show Security.evtx --limit 20`
"""

EPILOG = (
    "Exit codes: 0 all was read; 1 a fault of Kulla; 2 an option or configuration that cannot be used; "
    "3 some input could not be read; 4 some rule could not be loaded; 5 output that cannot be written; 130 interrupted."
)


COMMANDS: Mapping[str, str] = {
    "hunt": "kulla.cli.hunt",
    "rules": "kulla.cli.rules",
    "events": "kulla.cli.events",
    "register": "kulla.cli.register.app",
    "extract": "kulla.cli.extract",
    "leak": "kulla.cli.leak.app",
    "exercise": "kulla.cli.exercise",
    "init": "kulla.cli.init",
    "run": "kulla.cli.run",
    "audit": "kulla.cli.audit",
    "backup": "kulla.cli.backup",
    "restore": "kulla.cli.restore",
    "upgrade": "kulla.cli.upgrade",
    "lake": "kulla.cli.lake",
    "centre": "kulla.cli.centre",
    "heartbeat": "kulla.cli.heartbeat",
}
"""Subcommand → the module that holds it: as a Typer application called `app`, or a function of its own name."""


class _ReaderGone(Exception):
    """Whoever read our output has left."""


class _Group(TyperGroup):
    """Loads a subcommand's module when it is asked for: a hunt need not import what serves registers."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _loaded(cmd_name)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Else typer ends with status 1, which here means a fault of ours.
            raise _ReaderGone from error


app = typer.Typer(
    name="kulla",
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=EXAMPLES,
    epilog=EPILOG,
)


def _loaded(name: str) -> Any:
    module = importlib.import_module(COMMANDS[name])
    found = getattr(module, "app", None) or getattr(module, name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
        alone.command(name, context_settings={"help_option_names": ["-h", "--help"]})(found)
        found = alone
    else:
        found._add_completion = False
    command = typer.main.get_command(found)
    command.name = name
    return command


def tree() -> Any:
    """The whole command with all its subcommands loaded."""
    group = typer.main.get_command(app)
    for name in COMMANDS:
        group.get_command(None, name)  # type: ignore[attr-defined]
    return group


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kulla {__version__}")
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback when a command fails.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The tools of a national cyber-defence centre: read logs of every kind, match every Sigma rule, explain."""


def run() -> None:
    """Run the command line of this process. No traceback reaches the user unless `--debug` is given."""
    debug = "--debug" in sys.argv[1:]
    argv = [argument for argument in sys.argv[1:] if argument != "--debug"]
    _prepare(debug)
    try:
        with terminable():
            code = app(argv, prog_name="kulla", standalone_mode=False)
        sys.stdout.flush()
    except KullaError as error:
        _fail(error, str(error), error.exit_code, debug)
    except typer.TyperException as error:
        _fail(error, error.format_message() + _hint(error), 2, debug)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except (_ReaderGone, BrokenPipeError):
        # Whoever read our output has gone: nothing to say, and nothing left to flush.
        for number in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        sys.exit(141)
    except Exception as error:  # noqa: BLE001 the last place where a fault of ours can still be told in words
        text = f"a fault of Kulla ({type(error).__name__}); run again with --debug and report what it shows"
        _fail(error, text, 1, debug)
    sys.exit(code if isinstance(code, int) else 0)


def _prepare(debug: bool) -> None:
    """Make the three standard streams usable whatever they are: closed, or of an encoding that lacks our characters."""
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(format="kulla: %(message)s", level=logging.DEBUG if debug else logging.WARNING)


def _hint(error: typer.TyperException) -> str:
    """Where the right options are told."""
    context = getattr(error, "ctx", None)
    return f"\nsee {context.command_path} --help" if context is not None else ""


def _fail(error: Exception, text: str, code: int, debug: bool) -> None:
    if debug:
        raise error
    for line in text.splitlines():
        print(f"kulla: {visible(line)}", file=sys.stderr)
    sys.exit(code)
