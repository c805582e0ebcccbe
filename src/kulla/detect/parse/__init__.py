"""From the values of a YAML document to a rule: one file for each part of Sigma's documents."""
