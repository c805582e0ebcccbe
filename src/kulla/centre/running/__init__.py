"""Making a centre, and the processes that serve it."""
