"""Which logged reads, known copies or unlogged ones explain a piece of a leak; nobody is named without a margin."""

from kulla.leaks.attribute.attribute import UNLOGGED, attribute, strength
from kulla.leaks.attribute.edges import EXACT, Edges
from kulla.leaks.attribute.index import Index, index
from kulla.leaks.attribute.population import Population, population, steady
from kulla.leaks.attribute.readlog import ReadLog, empty, joined

__all__ = [
    "EXACT",
    "UNLOGGED",
    "Edges",
    "Index",
    "Population",
    "ReadLog",
    "attribute",
    "empty",
    "index",
    "joined",
    "population",
    "steady",
    "strength",
]
