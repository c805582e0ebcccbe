"""The statement templates, or tools, that each account has used: the most recent few, with the day of last use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.registers.insider.reads import Flags, Ints

Codes = npt.NDArray[np.uint64]


@dataclass
class Known:
    """Codes by account, shape (accounts, places); 0 is an empty place. `day`: last use."""

    code: Codes
    day: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, accounts: int, places: int) -> Known:
        """Accounts that have used nothing."""
        return cls(np.zeros((accounts, places), np.uint64), np.full((accounts, places), -1, np.int32))

    def grown(self, more: int) -> Known:
        """With so many accounts more."""
        extra = Known.empty(more, self.code.shape[1])
        return Known(np.concatenate([self.code, extra.code]), np.concatenate([self.day, extra.day]))

    def picked(self, rows: Ints) -> Known:
        """Of these accounts alone."""
        return Known(self.code[rows], self.day[rows])

    def knows(self, rows: Ints, codes: Codes) -> Flags:
        """Whether each account has used each code; the unknown code 0 is always known."""
        return np.asarray((self.code[rows] == codes[:, None]).any(axis=1) | (codes == 0))

    def users(self, rows: Ints, code: int) -> int:
        """How many of these accounts have used a code."""
        return int((self.code[rows] == np.uint64(code)).any(axis=1).sum())

    def learn(self, rows: Ints, codes: Codes, day: int) -> None:
        """Note uses, in place. Where no place is free, the code unused for longest goes."""
        order = np.lexsort((codes, rows))
        row, code = rows[order], codes[order]
        new = (code != 0) & ((np.diff(row, prepend=-1) != 0) | (code != np.roll(code, 1)))
        row, code = row[new], code[new]
        at = self.code[row] == code[:, None]
        known = at.any(axis=1)
        place = at[known].argmax(axis=1)
        self.day[row[known], place] = np.maximum(self.day[row[known], place], day)
        for r, c in zip(row[~known].tolist(), code[~known].tolist(), strict=True):
            self._put(r, c, day)

    def _put(self, row: int, code: int, day: int) -> None:
        # Ties in age go to the smaller code, so that the result does not hang on the order of arrival.
        oldest = int(np.lexsort((self.code[row], self.day[row]))[0])
        if self.day[row, oldest] <= day:
            self.code[row, oldest], self.day[row, oldest] = code, day

    def absorb(self, rows: Ints, other: Known) -> None:
        """Take over what other accounts' table knows, its row i going to `rows[i]`, in place."""
        for at, row in enumerate(rows.tolist()):
            for place in np.flatnonzero(other.code[at]).tolist():
                code, day = other.code[at, place], int(other.day[at, place])
                same = np.flatnonzero(self.code[row] == code)
                if len(same):
                    self.day[row, same[0]] = max(int(self.day[row, same[0]]), day)
                else:
                    self._put(row, int(code), day)
