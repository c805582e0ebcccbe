"""What was done, by whom: an append-only chain of hashes, with signed heads kept elsewhere."""
