"""What Linux servers do in an ordinary week: cron, updates, mail, logons, administrators, configuration runs, guesses from outside."""

from __future__ import annotations

from bench.weeks import linux
from bench.weeks.clock import FLAT, HOUR, PUBLIC, Cron, Rate
from bench.weeks.estate import APP, DB, JUMP, LINUX, SCANNER, WEB, Host
from bench.weeks.scene import Habit, Scene

_AUDITED = (WEB, DB)
_STAFF = ("adm", "kastriot", "lorena", "endrit")
_CRON = (
    (
        "root",
        "cd / && run-parts --report /etc/cron.hourly",
        ("/usr/bin/run-parts", "run-parts --report /etc/cron.hourly"),
    ),
    (
        "root",
        "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi",
        ("/usr/lib/php/sessionclean", "/usr/lib/php/sessionclean"),
    ),
    (
        "root",
        "command -v debian-sa1 > /dev/null && debian-sa1 1 1",
        ("/usr/lib/sysstat/sa1", "/usr/lib/sysstat/debian-sa1 1 1"),
    ),
    (
        "www-data",
        "curl -fsS -m 10 https://portali.ministria.example/cron.php?key=4f1c > /dev/null",
        ("/usr/bin/curl", "curl -fsS -m 10 https://portali.ministria.example/cron.php?key=4f1c"),
    ),
    (
        "root",
        "wget -q -O /dev/null http://127.0.0.1/cron/radha",
        ("/usr/bin/wget", "wget -q -O /dev/null http://127.0.0.1/cron/radha"),
    ),
    (
        "root",
        "/usr/local/bin/kopje.sh >> /var/log/kopje.log 2>&1",
        ("/usr/bin/tar", "tar czf /var/backups/etc-2026.tgz /etc /var/www/konfig"),
    ),
    (
        "root",
        "test -x /usr/bin/certbot && perl -e 'sleep int(rand(43200))' && certbot -q renew",
        ("/usr/bin/certbot", "/usr/bin/python3 /usr/bin/certbot -q renew --no-random-sleep-on-renew"),
    ),
    ("root", "find /var/tmp -type f -mtime +7 -delete", ("/usr/bin/find", "find /var/tmp -type f -mtime +7 -delete")),
    (
        "root",
        "rsync -a --delete /var/www/ kopje@bkp02:/web01/",
        ("/usr/bin/rsync", "rsync -a --delete /var/www/ kopje@bkp02:/web01/"),
    ),
    (
        "root",
        "/usr/sbin/logrotate /etc/logrotate.conf",
        ("/usr/sbin/logrotate", "/usr/sbin/logrotate /etc/logrotate.conf"),
    ),
    (
        "root",
        "find /var/log/portali -name '*.log' -mtime +30 -exec rm -f {} ;",
        ("/usr/bin/rm", "rm -f /var/log/portali/app-2026-10-09.log"),
    ),
)
_UNITS = (
    "apt-daily.service",
    "logrotate.service",
    "phpsessionclean.service",
    "fstrim.service",
    "man-db.service",
    "certbot.service",
    "systemd-tmpfiles-clean.service",
    "e2scrub_all.service",
    "motd-news.service",
)


def cron(s: Scene) -> None:
    """A job of cron: the line in syslog, the run in the audit log or Sysmon."""
    host = s.rng.choice(LINUX)
    user, line, (program, run) = s.rng.choice(_CRON)
    linux.log(s, host, "CRON", f"pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)")
    linux.log(s, host, "CRON", f"({user}) CMD ({line})")
    ran(s, host, "/usr/bin/dash", ["/bin/sh", "-c", line], user, "/usr/sbin/cron", "/usr/sbin/CRON -f")
    s.wait(0.1)
    ran(s, host, program, run.split(" "), user, "/usr/bin/dash", f"/bin/sh -c {line}")
    s.wait(1)
    linux.log(s, host, "CRON", f"pam_unix(cron:session): session closed for user {user}")


def ran(
    s: Scene,
    host: Host,
    program: str,
    arguments: list[str],
    user: str,
    parent: str,
    over: str,
    login: str | None = None,
) -> None:
    """A program run, on whichever of the hosts keeps such a log."""
    if host in _AUDITED:
        linux.execve(s, host, program, arguments, user, login)
    elif host is APP:
        linux.sysmon_start(s, host, program, " ".join(arguments), user, parent, over)


def units(s: Scene) -> None:
    """systemd starts and finishes its timers."""
    host, unit = s.rng.choice(LINUX), s.rng.choice(_UNITS)
    linux.log(s, host, "systemd", f"Starting {unit} - periodic work...", 1)
    if host in _AUDITED:
        name = unit.removesuffix(".service")
        linux.audit(
            s,
            host,
            "SERVICE_START",
            f'unit={name} comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success',
        )
    s.wait(3)
    linux.log(s, host, "systemd", f"{unit}: Deactivated successfully.", 1)
    linux.log(s, host, "systemd", f"Finished {unit} - periodic work.", 1)


def monitor(s: Scene) -> None:
    """The monitoring agent's commands."""
    host = s.rng.choice((WEB, DB, APP))
    line = s.rng.choice(
        (
            "ss -tln",
            "df -h /",
            "ps aux",
            "cat /proc/loadavg",
            "uptime",
            "systemctl is-active nginx",
            "sudo -n /usr/bin/apt-get -s upgrade",
            "netstat -i",
            "who",
            "uname -r",
        )
    )
    program = f"/usr/bin/{line.split()[0]}"
    ran(
        s,
        host,
        "/usr/bin/dash",
        ["sh", "-c", f"{line} | wc -l"],
        "zabbix",
        "/usr/sbin/zabbix_agentd",
        "/usr/sbin/zabbix_agentd -c /etc/zabbix/zabbix_agentd.conf",
    )
    ran(s, host, program, line.split(), "zabbix", "/usr/bin/dash", f"sh -c {line} | wc -l")


def ssh_logon(s: Scene, host: Host, user: str, address: str) -> None:
    """A logon by key or password, with its session."""
    port = s.rng.randrange(32768, 65000)
    pid = s.rng.randrange(1000, 60000)
    how = "publickey" if s.rng.random() < 0.7 else "password"
    linux.log(
        s,
        host,
        "sshd",
        f"Accepted {how} for {user} from {address} port {port} ssh2"
        + (": ED25519 SHA256:pQ3fVb1v0Jx9uS" if how == "publickey" else ""),
        pid,
    )
    linux.log(s, host, "sshd", f"pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)", pid)
    linux.log(s, host, "systemd-logind", f"New session {s.rng.randrange(100, 9999)} of user {user}.", 611)
    if host in _AUDITED:
        linux.audit(
            s,
            host,
            "USER_LOGIN",
            f'op=login acct="{user}" exe="/usr/sbin/sshd" hostname={address} addr={address} terminal=/dev/pts/0 res=success',
            login=user,
        )


def updates(s: Scene) -> None:
    """Unattended upgrades, some with a restart of services."""
    for host in LINUX:
        for package in s.rng.sample(
            ("openssl", "libc6", "nginx", "php8.2-fpm", "tzdata", "linux-image-amd64", "postgresql-15", "sudo", "curl"),
            3,
        ):
            ran(
                s,
                host,
                "/usr/bin/dpkg",
                [
                    "/usr/bin/dpkg",
                    "--status-fd",
                    "14",
                    "--no-triggers",
                    "--unpack",
                    "--auto-deconfigure",
                    f"/var/cache/apt/archives/{package}_amd64.deb",
                ],
                "root",
                "/usr/bin/python3",
                "/usr/bin/python3 /usr/bin/unattended-upgrade",
            )
            ran(
                s,
                host,
                "/usr/bin/dash",
                ["/bin/sh", f"/var/lib/dpkg/info/{package}.postinst", "configure", "1.0"],
                "root",
                "/usr/bin/dpkg",
                "/usr/bin/dpkg --configure -a",
            )
            ran(
                s,
                host,
                "/usr/bin/systemctl",
                ["systemctl", "--system", "daemon-reload"],
                "root",
                "/usr/bin/dash",
                "/bin/sh postinst",
            )
            linux.log(s, host, "unattended-upgrade", f"Packages that will be upgraded: {package}")
            s.wait(8)
        linux.log(s, host, "systemd", "Reloading.", 1)
        linux.log(
            s,
            host,
            "systemd",
            "Stopped auditd.service - Security Auditing Service."
            if s.rng.random() < 0.3
            else "Stopping cron.service...",
            1,
        )


def ansible(s: Scene) -> None:
    """The configuration manager's nightly run."""
    for host in (WEB, DB, APP):
        ssh_logon(s, host, "ansible", JUMP.address)
        for module in ("setup", "apt", "copy", "template", "service", "user", "cron", "stat"):
            s.wait(1.5)
            n = f"{s.rng.getrandbits(48)}"
            folder = f"/home/ansible/.ansible/tmp/ansible-tmp-{n}"
            line = f'( umask 77 && mkdir -p "` echo /home/ansible/.ansible/tmp `"&& mkdir "` echo {folder} `" && echo ansible-tmp="` echo {folder} `" ) && sleep 0'
            ran(
                s,
                host,
                "/usr/bin/dash",
                ["/bin/sh", "-c", line],
                "ansible",
                "/usr/sbin/sshd",
                "sshd: ansible@notty",
                "ansible",
            )
            ran(
                s,
                host,
                "/usr/bin/chmod",
                ["chmod", "u+x", folder, f"{folder}/AnsiballZ_{module}.py"],
                "ansible",
                "/usr/bin/dash",
                "/bin/sh -c",
                "ansible",
            )
            linux.log(
                s,
                host,
                "sudo",
                f"ansible : TTY=pts/1 ; PWD=/home/ansible ; USER=root ; COMMAND=/bin/sh -c echo BECOME-SUCCESS-{n} ; /usr/bin/python3 {folder}/AnsiballZ_{module}.py",
                0,
            )
            ran(
                s,
                host,
                "/usr/bin/python3",
                ["/usr/bin/python3", f"{folder}/AnsiballZ_{module}.py"],
                "root",
                "/usr/bin/dash",
                "/bin/sh -c",
                "ansible",
            )
            ran(
                s,
                host,
                "/usr/bin/rm",
                ["rm", "-f", "-r", f"{folder}/"],
                "ansible",
                "/usr/bin/dash",
                "/bin/sh -c",
                "ansible",
            )


def scan(s: Scene) -> None:
    """The own CERT's scanner at the Linux servers."""
    began = s.time
    for host in LINUX:
        for user in ("root", "admin", "nessus", "test", "guest"):
            s.wait(3)
            linux.log(
                s,
                host,
                "sshd",
                f"Failed password for invalid user {user} from {SCANNER.address} port {s.rng.randrange(40000, 60000)} ssh2",
            )
        linux.log(
            s,
            host,
            "sshd",
            f"Unable to negotiate with {SCANNER.address} port 51422: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1 [preauth]",
        )
        linux.log(
            s, host, "sshd", f"Bad protocol version identification 'GET / HTTP/1.0' from {SCANNER.address} port 51480"
        )
    s.time = began + HOUR


def application(s: Scene) -> None:
    """The application server's own processes and connections."""
    what = s.rng.random()
    if what < 0.6:
        linux.sysmon_connect(s, APP, "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", DB.address, 5432, "tomcat")
    elif what < 0.8:
        linux.sysmon_start(
            s,
            APP,
            "/usr/bin/convert",
            f"convert /var/lib/app/in/{s.rng.getrandbits(32):x}.tif -quality 80 /var/lib/app/out.jpg",
            "tomcat",
            "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
            "java -jar /opt/app/zyra.jar",
        )
    else:
        linux.sysmon_start(
            s,
            APP,
            "/usr/bin/dash",
            "sh -c pdftotext /var/lib/app/in.pdf -",
            "tomcat",
            "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
            "java -jar /opt/app/zyra.jar",
        )


HABITS = (
    Habit("servers.cron", Rate(5200, FLAT), cron),
    Habit("servers.units", Rate(3600, FLAT), units),
    Habit("servers.monitor", Rate(8000, FLAT), monitor),
    Habit("servers.updates", Cron((40,), (6,), once=True), updates),
    Habit("servers.ansible", Cron((20,), (5,), once=True), ansible),
    Habit("servers.scan", Cron((15,), (3,), (6,), once=True), scan),
    Habit("servers.application", Rate(12000, PUBLIC), application),
)
