"""The lints, one small class each. Adding one: a class, a line in `detect.lint.LINTS`, a case in its test."""
