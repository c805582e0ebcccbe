"""Fetching what was sent: mailboxes, and .eml files in inbox/.reports/ (or inbox/.reports/<zone>/)."""

from __future__ import annotations

from datetime import datetime
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

    Raises InputError naming how many are too long; they are put aside in inbox/.reports/.too-long.
    """
    root = centre.inbox / FOLDER
    if not root.is_dir():
        return 0
    done = long = 0
    for file in Inbox(centre.inbox, quiet).waiting(FOLDER)[:MOST]:
        zone = file.path.relative_to(root).parts[0]
        if file.size > MOST_BYTES:
            (root / TOO_LONG).mkdir(mode=0o700, exist_ok=True)
            file.path.rename(root / TOO_LONG / file.path.name)
            long += 1
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
        raise InputError(f"{long} files in inbox/{FOLDER} are longer than {MOST_BYTES >> 20} MiB; see {TOO_LONG} there")
    return done
