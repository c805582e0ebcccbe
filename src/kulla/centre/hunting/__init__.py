"""Hunts over the lake: the query bar, facets, entities, retro-hunts."""
