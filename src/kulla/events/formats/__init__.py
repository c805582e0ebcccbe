"""Log formats, one file each. `FORMATS` is the list; between equally sure ones the first wins."""

from kulla.events.formats._api import Format
from kulla.events.formats.access import Access
from kulla.events.formats.auditd import Auditd
from kulla.events.formats.csv import Csv
from kulla.events.formats.evtx import Evtx
from kulla.events.formats.json_array import JsonArray
from kulla.events.formats.mysql import Mysql
from kulla.events.formats.ndjson import Ndjson
from kulla.events.formats.plain import Plain
from kulla.events.formats.postgres_csvlog import PostgresCsvlog
from kulla.events.formats.postgres_jsonlog import PostgresJsonlog
from kulla.events.formats.postgres_stderr import PostgresStderr
from kulla.events.formats.squid import Squid
from kulla.events.formats.syslog import Syslog
from kulla.events.formats.sysmon_linux import SysmonLinux
from kulla.events.formats.w3c import W3c
from kulla.events.formats.winxml import WinXml
from kulla.events.formats.zeek import Zeek

FORMATS: tuple[Format, ...] = (
    Evtx(),
    PostgresJsonlog(),
    PostgresCsvlog(),
    PostgresStderr(),
    SysmonLinux(),
    WinXml(),
    Auditd(),
    Zeek(),
    W3c(),
    Squid(),
    Access(),
    Mysql(),
    Syslog(),
    JsonArray(),
    Ndjson(),
    Csv(),
    Plain(),
)
