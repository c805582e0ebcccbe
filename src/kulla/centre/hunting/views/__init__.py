"""The pages of the hunt."""

from kulla.centre.hunting.views.entity import entity
from kulla.centre.hunting.views.retro import progress, retro, retro_new, retro_stop, retros
from kulla.centre.hunting.views.saved import forget, save
from kulla.centre.hunting.views.search import complete, event, export, facets, histogram, index

__all__ = [
    "complete",
    "entity",
    "event",
    "export",
    "facets",
    "forget",
    "histogram",
    "index",
    "progress",
    "retro",
    "retro_new",
    "retro_stop",
    "retros",
    "save",
]
