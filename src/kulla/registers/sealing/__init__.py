"""The edge of sealing: reading logs as they grow, keys, and the chain on disk."""
