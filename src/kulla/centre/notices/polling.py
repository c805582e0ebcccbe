"""Fetching what was sent: mailboxes, and .eml files in inbox/.reports/ (or inbox/.reports/<zone>/)."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from kulla.centre.folder import Centre
from kulla.centre.notices.mail import MOST_BYTES
from kulla.centre.notices.mailbox import Fetched, opened
from kulla.centre.notices.models import Channel, Mailbox
from kulla.centre.notices.taking import take_message
from kulla.centre.notices.ways import Box, Ways
from kulla.centre.people.zones import Zone
from kulla.centre.vault.keyring import synced
from kulla.centre.worker.inbox import Inbox
from kulla.errors import InputError, KullaError

MOST: Final = 50
"""Messages of a mailbox taken at a time: other errands have their turn between."""
FOLDER: Final = ".reports"
TOO_LONG: Final = ".too-long"
ANY: Final = "any"
"""Below TOO_LONG: what did not lie in a zone's folder."""
_NAMED: Final = 5


def poll(centre: Centre, told: Ways, now: datetime) -> list[str]:
    """Take what is new from every mailbox; what failed, in words. A mailbox that fails does not hold up the others."""
    wrong: list[str] = []
    for box in told.boxes:
        state, _ = Mailbox.objects.get_or_create(name=box.name)
        try:
            _poll(box, box.server.password(centre.keys), state)
            Mailbox.objects.filter(pk=state.pk).update(read=now, error="")
        except KullaError as error:
            Mailbox.objects.filter(pk=state.pk).update(error=str(error)[:300])
            wrong.append(str(error))
    return wrong


def _poll(box: Box, password: str, state: Mailbox) -> None:
    with opened(box, password) as imap:
        if state.validity != imap.validity:  # the server numbered its messages anew: look at all; known ones are known
            state.validity, state.uid = imap.validity, 0
            state.save(update_fields=["validity", "uid"])
        for uid in imap.after(state.uid, MOST):
            message = imap.fetch(uid)
            if message is not None:
                take_message(message.data, box.zone, Channel.MAIL, _said(message, box))
            # Only after the report stands: whoever is killed between finds the message again, and knows its bytes.
            state.uid = uid
            state.save(update_fields=["uid"])


def _said(message: Fetched, box: Box) -> list[str]:
    if message.whole:
        return []
    where = f"mailbox {box.name}, folder {box.folder}, UID {message.uid}"
    most = f"{MOST_BYTES >> 20} MiB"
    return [f"{message.size:,} bytes, more than {most}: only its beginning was taken; the whole lies in {where}"]


def sweep(centre: Centre, told: Ways, quiet: float) -> int:
    """Take the files in inbox/.reports/, each removed once its report stands; how many.

    Raises InputError naming those that are too long; they are put aside below inbox/.reports/.too-long.
    """
    root = centre.inbox / FOLDER
    if not root.is_dir():
        return 0
    done, long = 0, []
    for file in Inbox(centre.inbox, quiet).waiting(FOLDER)[:MOST]:
        zone = file.path.relative_to(root).parts[0]
        if file.size > MOST_BYTES:
            long.append(_aside(file.path, root / TOO_LONG / (zone if zone in Zone.values else ANY)))
            continue
        try:
            data = file.path.read_bytes()
        except OSError as error:
            raise InputError(f"a file in inbox/{FOLDER} cannot be read: {error.strerror}") from None
        if not file.same():
            continue
        take_message(data, zone if zone in Zone.values else told.zone, Channel.FILE, name=file.path.name)
        file.path.unlink()
        synced(file.path.parent)
        done += 1
    if long:
        named = ", ".join(_plain(path.relative_to(root).as_posix()) for path in long[:_NAMED])
        more = f" and {len(long) - _NAMED} more" if len(long) > _NAMED else ""
        raise InputError(
            f"{len(long)} files in inbox/{FOLDER} are longer than {MOST_BYTES >> 20} MiB; "
            f"put aside there: {named}{more}"
        )
    return done


def _aside(path: Path, folder: Path) -> Path:
    """Move a file into a folder, or into one of folder/2, folder/3 … where its name is taken: nothing is replaced.
    Where it lies now. Raises InputError."""
    try:
        for number in count(1):
            target = (folder if number == 1 else folder / str(number)) / path.name
            try:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except FileExistsError:
                continue
            path.replace(target)  # onto the empty file that was just made, and that nobody else made
            return target
    except OSError as error:
        raise InputError(f"a file in inbox/{FOLDER} cannot be put aside: {error.strerror}") from None
    raise AssertionError("count ends")


def _plain(name: str) -> str:
    """A name as text on one line."""
    whole = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in whole)
