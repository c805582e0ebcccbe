"""Reads in another's name: a login of the pool, and an application_name that names a colleague."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kulla.exercise.acts import APPLICATION, Acts, acts
from kulla.exercise.misdeeds.api import Scene
from kulla.exercise.misdeeds.slow import LowAndSlow
from kulla.exercise.staff import POOL

if TYPE_CHECKING:
    from kulla.exercise.honest import Honest


class ForgedApplicationName(LowAndSlow):
    """Look-ups through a pool's own login from the doer's computer, each said to be a colleague's.

    All that gives it away is the computer: a pool's reads come from the pool.
    """

    name = "forged_application_name"
    rate = 40

    def disguise(self, staff: Honest, scene: Scene, dressed: Acts) -> Acts:
        """The same acts with the pool's account, the colleague's name, and the doer's computer and session."""
        if scene.victim < 0:
            return dressed
        size = len(dressed)
        pools = scene.roster.of_kind(POOL)
        own = int(scene.roster.traits.pool[scene.victim])
        pool = own if own >= 0 else int(pools[0]) if pools.size else scene.doers[0]

        session = (1 << 23) + scene.doers[0]
        told = acts(size, account=pool, user=scene.victim, grade=APPLICATION, client=scene.doers[0], session=session)
        names = ("account", "user", "grade", "client", "session")
        return replace(dressed, **{name: getattr(told, name) for name in names})
