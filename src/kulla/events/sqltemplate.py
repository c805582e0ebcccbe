"""Templates of PostgreSQL statements: their structure without any value.

`template` works on the text alone, since statements that do not parse must lose their values too: literals of every
kind (plain, E, U&, B, X, N and dollar-quoted strings, numbers) become `?`, comments a blank; what SET gives to a
setting becomes `?` but for on, off and the like; keywords, identifiers (also quoted ones), operators and `$1` stay.
Where the text leaves it open where a literal ends, everything after it goes: an unterminated literal, quoted name or
comment (statements are cut off in logs), a plain string in which a quote follows a backslash (its end depends on
standard_conforming_strings), comments nested more than two deep, and what follows a `COPY … FROM STDIN;`. What it
cannot know: a value that somebody wrote as a name.

Source: PostgreSQL 17 documentation, 4.1 "Lexical Structure".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import lru_cache

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns, with the statement's text, of what it does not parse

_WORD = r"\w$\x80-\U0010ffff"  # PostgreSQL takes every byte above 127 as part of a name
_PLAIN = r"[^'\\]*+(?>(?>''|\\\\|\\(?!['\\]))[^'\\]*+)*+'"
_BLOCK = r"(?>[^*/]|\*(?!/)|/(?!\*)|/\*(?>[^*/]|\*(?!/)|/(?!\*))*\*/)*\*/"

# It begins with a set of characters, by which `re` skips all others (10 × faster than alternatives everywhere).
_TOKEN = re.compile(
    rf"""
    ['"$0-9.\-/](?:
        (?<=')(?: (?<=[eE]')(?<![{_WORD}][eE]')[^'\\]*+(?>(?>''|\\.)[^'\\]*+)*+'
                | {_PLAIN}
                | (?i:(?<=\bescape')|(?<=\bescape[ ]'))\\'(?!') )
      | (?<=")[^"]*+(?>""[^"]*+)*+"(?P<name>)
      | (?<=-)-[^\r\n]*(?P<line>)
      | (?<=/)\*{_BLOCK}(?P<block>)
      | (?<=\$)(?<![{_WORD}].)(?: [0-9]{{1,5}}(?![{_WORD}])(?P<bound>)
                | (?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+)?\$).*?\$(?P=tag) )
      | (?<=[0-9])(?<![{_WORD}].)[{_WORD}.]*(?:(?<=[eE])[+-][0-9]+)?
      | (?<=\.)(?<![{_WORD}].)[0-9][{_WORD}.]*(?:(?<=[eE])[+-][0-9]+)?
      | (?<=['"]).*
      | (?<=\$)(?<![{_WORD}].).*
      | (?<=/)\*.*
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_COPIED = re.compile(r"(\bcopy\b[^;]*\bfrom\s+(?:program\s+\?|stdin)\b[^;]*;).*", re.IGNORECASE | re.DOTALL)
_SET = re.compile(
    r"(?P<set>(?:^|;) ?set (?:session |local )?[^ ;=]++ ?+(?:=|\bto\b) ?+)"
    r"(?!(?:on|off|true|false|none|default|all|\?)(?: ?;|$))[^;]*",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[^\S\n]*[\s\0]+")
_LISTS = (
    (re.compile(r"([(\[]) ?-?\?(?: ?, ?-?\?)+ ?([)\]])"), r"\1?…\2"),
    (re.compile(r"\b([iI][nN]) ?\( ?-?\? ?\)"), r"\1 (?…)"),
    (re.compile(r"(\([?…]+\))(?: ?, ?\([?…]+\))+"), r"\1…"),
)
_PREFIXES = re.compile(rf"(?<![{_WORD}])(?:[eEbBxXnN]|[uU]&)\?")
_KEPT = ("name", "bound")
_COMMENTS = ("line", "block")
_HINT = re.compile(r"\b(user|case|purpose) ?[=:] ?'?([A-Za-z0-9._@/+-]{1,64})'?(?=[\s;,*]|\Z)")


def _token(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind in _KEPT:
        return found[0]
    return " " if kind in _COMMENTS else "?"


def template(sql: str) -> str:
    """The statement without values or comments, blanks made single, lists of values made `(?…)`.

    >>> template("SELECT a, \\"B\\" FROM t1 -- x\\n WHERE a IN (1, -2.5e3, E'\\\\'') AND b = $1")
    'SELECT a, "B" FROM t1 WHERE a IN (?…) AND b = $1'
    >>> template("SELECT 'never ended")
    'SELECT ?'
    """
    return _tidy(_TOKEN.sub(_token, sql))


@lru_cache(65_536)
def _tidy(bare: str) -> str:
    """The rest, once for each shape."""
    text = _BLANKS.sub(" ", bare).strip()
    text = _COPIED.sub(r"\1", _PREFIXES.sub("?", text))
    text = _SET.sub(r"\g<set>?", text)
    for pattern, short in _LISTS:
        text = pattern.sub(short, text)
    return text


@lru_cache(65_536)
def tables(shape: str) -> tuple[str, ...]:
    """The tables and views that a template names, as it spells them, sorted; none when it does not parse.

    pgaudit names them only with `pgaudit.log_relation`, which multiplies its records.

    >>> tables("WITH a AS (SELECT * FROM reg.payroll WHERE nid = ?) SELECT * FROM a JOIN \"Plates\" p USING (id)")
    ('Plates', 'reg.payroll')
    """
    import sqlglot  # here, since it takes as long to import as all the rest and only register audits need it
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    text = _WRAPPER.sub("", shape)
    copied = _COPY_TABLE.match(text)
    if copied is not None:
        return (copied[1].replace('"', ""),)
    if len(text) > _PARSED or not _READABLE.match(text) or _depth(text, "[]") > 4 or _depth(text, "()") > 60:
        return ()
    try:
        trees = sqlglot.parse(_HIDDEN.sub("'0'", text), read="postgres")
    except (SqlglotError, RecursionError):
        return ()
    found: set[str] = set()
    for tree in trees:
        if tree is not None:
            own = {each.alias for each in tree.find_all(exp.CTE)}
            named = (".".join(part.name for part in table.parts) for table in tree.find_all(exp.Table))
            found |= {name for name in named if name and name not in own}
    return tuple(sorted(found))


def _depth(text: str, pair: str) -> int:
    """How deep brackets nest: sqlglot's time doubles with each `ARRAY[` (30.30: 0.5 s at 12, minutes at 20)."""
    depth = deepest = 0
    for character in text:
        if character == pair[0]:
            depth += 1
            deepest = max(deepest, depth)
        elif character == pair[1]:
            depth -= 1
    return deepest


def command(sql: str) -> str:
    """The first word of a statement when it is one of SQL's, in capitals; else `?`. For those that failed to parse.

    >>> command("/* a */ selec * from t"), command("select x y z")
    ('?', 'SELECT')
    """
    word = template(sql).lstrip("( ").partition(" ")[0].rstrip(";").upper()
    return word if word in _COMMANDS else "?"


def hints(sql: str) -> Mapping[str, str]:
    """What the statement's comments say of who asks and why, as in `/* user=a.b; case=2021/8; purpose=tax */`.

    Only those three keys, and only values that are a plain word of up to 64 characters. They can be forged by whoever
    writes the statement.

    >>> hints("/* user=agron.h; case=2021/881 */ SELECT 1")
    {'user': 'agron.h', 'case': '2021/881'}
    """
    if "--" not in sql and "/*" not in sql:
        return {}
    comments = (found[0] for found in _TOKEN.finditer(sql) if found.lastgroup in _COMMENTS)
    return {key: value for comment in comments for key, value in _HINT.findall(comment)}


_PARSED = 20_000
"""Characters of a template up to which it is parsed."""
_WRAPPER = re.compile(
    r"\A\s*(?:explain (?:\([^)]*\) |analyze |verbose )*|prepare [^ ;]+ ?(?:\([^)]*\))? ?as |declare .*?\bfor )",
    re.IGNORECASE,
)
_COPY_TABLE = re.compile(
    r'\Acopy ((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*) ?(?:\([^)]*\) ?)?(?:to|from)\b', re.IGNORECASE
)
_READABLE = re.compile(r"\A\(* ?(?:select|with|insert|update|delete|table|copy|merge|values)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"\?…?|(?<=\))…|\$[0-9]+")
_COMMANDS = frozenset({
    "ABORT", "ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COPY",
    "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP", "END", "EXECUTE", "EXPLAIN", "FETCH",
    "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD", "LOCK", "MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN",
    "REFRESH", "REINDEX", "RELEASE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET",
    "SHOW", "START", "TABLE", "TRUNCATE", "UNLISTEN", "UPDATE", "VACUUM", "VALUES", "WITH",
})  # fmt: skip
