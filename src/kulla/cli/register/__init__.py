"""`kulla register`: one file for each group of its verbs."""
