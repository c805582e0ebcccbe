"""One page for the director and the shift."""
