"""Whom an event is about: the user, account or address that groups its hits.

A host alone is too coarse: on a file server, an intruder's account and a thousand ordinary ones meet the same rule.
Field names are those of the logs themselves (`events.schema`'s `fields`) and of the Sigma taxonomy; the first
list whose logsource fits and that names a value decides, so that one event always falls into one group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ACTORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Cloud identities first: an ARN or UPN says more than the address beside it.
    (
        "account",
        (
            "userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.arn", "userIdentity.userName",
            "userIdentity.principalId", "userPrincipalName", "properties.userPrincipalName",
            "initiatedBy.user.userPrincipalName", "properties.initiatedBy.user.userPrincipalName", "callerIdentity",
            "protoPayload.authenticationInfo.principalEmail", "gcp.audit.authenticationInfo.principalEmail",
            "actor.alternateId", "actor.alternateid", "actor.email", "actor.login", "UserId", "user_id",
        ),
    ),
)  # fmt: skip

# A logon event is about the account that logs on, not the service that reports it. (Security log 4624–4625, 4648,
# 4768–4776, 4720–4767: the Target* members.)
_LOGON_CODES = frozenset(
    [
        *(str(code) for code in (4624, 4625, 4648, 4634, 4647, 4672, 4778, 4779)),
        *(str(code) for code in (*range(4768, 4778), *range(4720, 4768), 4781, 4794)),
    ]
)
_LOGON = ("TargetUserName", "SubjectUserName", "AccountName")
_USERS = (
    "User", "SubjectUserName", "TargetUserName", "SourceUser", "winlog.user.name", "user.name", "UserName", "Username",
    "user", "username", "acct", "auid_name", "AUID", "auid", "uid_name", "UID", "session_user", "user_name", "dbuser",
    "cs-username", "AccountName",
)  # fmt: skip
_ADDRESSES = (
    "c-ip", "ClientIP", "client_ip", "clientIP", "remote_host", "remote_addr", "src_ip", "source.ip", "sourceIPAddress",
    "IpAddress", "SourceIp", "SourceAddress", "callerIpAddress", "ipAddress", "addr", "rhost", "connection_from", "src",
)  # fmt: skip
_EMPTY = frozenset(
    ["", "-", "?", "(null)", "null", "n/a", "unset", "4294967295", "-1", "none", "unknown", "\\", "%%1793"]
)

GENERIC = frozenset(
    [
        "system", "nt authority\\system", "local service", "nt authority\\local service", "network service",
        "nt authority\\network service", "localsystem", "anonymous logon", "nt authority\\anonymous logon", "root", "0",
        "postgres", "www-data", "localhost", "127.0.0.1", "::1",
    ]
)  # fmt: skip
"""Names (lower case) that exist on every machine, so that the same name on two hosts is no link between them."""


def entity_of(event: Mapping[str, Sequence[str]]) -> str | None:
    r"""The user, account or address that an event is about, as `kind:name`; None when it names none.

    `event` is the event as rules see it (`events.batch.Batch.event`). Placeholders such as "-" or "(null)" are no
    names. Web and network events, known by `c-ip` or `src_ip` and no user, go by the client's address. Windows
    names are joined with their domain only where the field already holds both.

    >>> entity_of({"EventID": ["4625"], "SubjectUserName": ["SRV$"], "TargetUserName": ["alice"]})
    'user:alice'
    >>> entity_of({"c-ip": ["203.0.113.9"], "cs-username": ["-"]})
    'address:203.0.113.9'
    """
    for kind, names in _ACTORS:
        name = _first(event, names)
        if name is not None:
            return f"{kind}:{name}"
    name = _first(event, _LOGON) if _is_logon(event) else None
    name = name or _first(event, _USERS)
    if name is not None:
        return f"user:{name}"
    name = _first(event, _ADDRESSES)
    return None if name is None else f"address:{name}"


def generic(entity: str) -> bool:
    """Whether an entity's name exists on every machine.

    >>> generic("user:root"), generic("user:alice")
    (True, False)
    """
    name = entity.partition(":")[2].lower()
    return name in GENERIC or name.endswith("$")


def _is_logon(event: Mapping[str, Sequence[str]]) -> bool:
    return any(code in _LOGON_CODES for code in event.get("EventID", ()))


def _first(event: Mapping[str, Sequence[str]], names: Sequence[str]) -> str | None:
    for name in names:
        for value in event.get(name, ()):
            if value.strip().lower() not in _EMPTY:
                return value.strip()
    return None
