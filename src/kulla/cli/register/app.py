"""`kulla register`: registers of personal data on their owner's side, and the verbs that act on them."""

from __future__ import annotations

import typer

from kulla.cli.register import accesses, declare, health, history, imprint, keys, reads, receive, seal, watch

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Registers of personal data: what they hold, who reads whom, misuse seen early.",
)

app.command("watch")(watch.watch)
app.command("reveal")(watch.reveal)
app.command("add")(declare.add)
app.command("list")(declare.list_)
app.command("show")(declare.show)
app.command("check")(declare.check)
app.command("imprint")(imprint.imprint)
app.command("erase")(imprint.erase)
app.add_typer(keys.app, name="keys")
app.add_typer(history.app, name="history")
app.command("snapshot")(history.snapshot)
app.command("reconstruct")(history.reconstruct)
app.command("reads")(reads.reads)
app.command("accesses")(accesses.accesses)
app.add_typer(seal.app, name="seal")
app.command("health")(health.health)
app.command("receive")(receive.receive)
