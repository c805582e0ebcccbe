"""The one place where a rule file's problems are gathered, so that a file reports all of them at once."""

from __future__ import annotations

from kulla.detect.rule import Place, Problem


class Problems:
    """The problems of one file, in the order they were found.

    >>> problems = Problems("a.yml")
    >>> problems.error(3, "the title is missing: add `title:`")
    >>> problems.found[0].place.line, problems.failed
    (3, True)
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Problem] = []

    def error(self, line: int, message: str, check: str = "load") -> None:
        """Something that keeps the document from being loaded."""
        self.found.append(Problem(Place(self.path, line), message, True, check))

    def remark(self, line: int, message: str, check: str) -> None:
        """Something that a careful author would change; the document is loaded all the same."""
        self.found.append(Problem(Place(self.path, line), message, False, check))

    @property
    def failed(self) -> bool:
        """Whether any of the problems is fatal."""
        return any(problem.fatal for problem in self.found)
