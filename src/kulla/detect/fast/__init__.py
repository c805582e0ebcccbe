"""The parts of the fast engine: what leaves need of data, the literal scanner, columns, kernels, keywords."""
