"""Hunt: from files and rules to findings, ranked and written out."""
