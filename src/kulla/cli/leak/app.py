"""`kulla leak`: trace a leaked file, calibrate, and what goes with it."""

from __future__ import annotations

import typer

from kulla.cli.leak import calibrate, citizens, protect, trace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Leaked files: which registers, which persons, when taken, which access explains them.",
)

app.command("trace")(trace.trace)
app.command("calibrate")(calibrate.calibrate)
app.command("protect")(protect.protect)
app.command("protected")(protect.protected)
app.command("check-citizen")(citizens.check_citizen)
