"""What a column means, proposed from a sample of its values and its name: one file for each family of meanings."""
