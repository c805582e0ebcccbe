"""Other engines that match Sigma rules, each driven by one file, all given the same rules and the same events."""
