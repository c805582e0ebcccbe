"""The folder that this process serves."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from kulla.centre.folder import Centre, opened
from kulla.errors import ConfigError


def centre() -> Centre:
    """The centre's folder and keys. Raises ConfigError when this process serves none."""
    if settings.CENTRE is None or settings.KEYS is None:
        raise ConfigError("this process serves no centre: set KULLA_CENTRE and KULLA_KEYS, as kulla run does")
    return _opened(Path(settings.CENTRE), Path(settings.KEYS))


@lru_cache(maxsize=4)
def _opened(path: Path, keys: Path) -> Centre:
    return opened(path, keys)
