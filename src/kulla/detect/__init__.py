"""Detection: rules, the reference that defines their meaning, and the engine that is fast."""
