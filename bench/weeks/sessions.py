"""Who comes to the Linux servers: their administrators, people from home, mail, and the internet's guesses."""

from __future__ import annotations

from bench.weeks import linux
from bench.weeks.clock import FLAT, MORNING, OFFICE, PUBLIC, Rate
from bench.weeks.estate import APP, CLERKS, DB, JUMP, LINUX, MAIL, WEB, outside
from bench.weeks.scene import Habit, Scene
from bench.weeks.servers import ran, ssh_logon

_STAFF = ("adm", "kastriot", "lorena", "endrit")
_TYPED = (
    "tail -f /var/log/nginx/error.log",
    "systemctl status nginx",
    "systemctl restart php8.2-fpm",
    "df -h",
    "top -b -n 1",
    "less /var/log/syslog",
    "grep -r memory_limit /etc/php",
    "vim /etc/nginx/sites-available/portali",
    "journalctl -u postgresql -n 50",
    "ss -tlnp",
    "ps aux",
    "ip a",
    "cat /etc/passwd",
    "history",
    "whoami",
    "id",
    "uname -a",
    "last -20",
    "crontab -l",
    "chmod 640 /var/www/konfig/app.php",
    "chown -R www-data:www-data /var/www/media",
    "tar czf /tmp/konfig.tgz /etc/nginx",
    "scp /tmp/konfig.tgz adm@jmp01:",
    "dig portali.ministria.example",
    "curl -I https://portali.ministria.example",
    "wget https://shkarkime.example/zabbix-agent_6.0.30.deb",
    "dpkg -i zabbix-agent_6.0.30.deb",
    "nginx -t",
    "git pull",
    "php -v",
    "nc -zv db01 5432",
    "openssl x509 -in /etc/ssl/portali.crt -noout -dates",
    "find / -name '*.core' -size +100M",
    "kill -HUP 812",
    "psql -h db01 -U kastriot regjistri",
    "htop",
    "python3 -c import\\ json",
    "base64 -d sekret.txt",
    "rm -rf /tmp/kompilim",
)


def administrator(s: Scene) -> None:
    """Somebody of the staff works on a server, through the jump host."""
    user, host = s.rng.choice(_STAFF), s.rng.choice((WEB, DB, APP, MAIL))
    ssh_logon(s, JUMP, user, f"10.10.5.{s.rng.choice((11, 12))}")
    s.wait(6)
    ssh_logon(s, host, user, JUMP.address)
    for _ in range(s.rng.randrange(2, 12)):
        s.wait(25)
        line = s.rng.choice(_TYPED)
        program = f"/usr/bin/{line.split()[0]}"
        if s.rng.random() < 0.4:
            linux.log(
                s,
                host,
                "sudo",
                f"{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={program} {line.partition(' ')[2]}",
                0,
            )
            linux.log(
                s, host, "sudo", f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid=1000)", 0
            )
            ran(s, host, "/usr/bin/sudo", ["sudo", *line.split()], user, "/usr/bin/bash", "-bash", user)
            ran(s, host, program, line.split(), "root", "/usr/bin/sudo", f"sudo {line}", user)
        else:
            ran(s, host, program, line.split(), user, "/usr/bin/bash", "-bash", user)
    s.wait(40)
    linux.log(s, host, "sshd", f"pam_unix(sshd:session): session closed for user {user}")
    linux.log(
        s,
        host,
        "systemd-logind",
        f"Session {s.rng.randrange(100, 9999)} logged out. Waiting for processes to exit.",
        611,
    )


def mistyped(s: Scene) -> None:
    """The staff's wrong passwords."""
    host, user = s.rng.choice(LINUX), s.rng.choice(_STAFF)
    for _ in range(s.rng.choice((1, 1, 2, 3))):
        linux.log(
            s,
            host,
            "sshd",
            f"Failed password for {user} from 10.10.5.{s.rng.choice((11, 12))} port {s.rng.randrange(40000, 60000)} ssh2",
        )
        s.wait(5)
    if s.rng.random() < 0.2:
        linux.log(
            s,
            host,
            "sudo",
            f"{user} : 1 incorrect password attempt ; TTY=pts/1 ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/bash",
            0,
        )


def guesses(s: Scene) -> None:
    """The internet tries passwords on the jump host, day and night."""
    client = outside(s.rng)
    for _ in range(s.rng.choice((1, 2, 3, 5, 8, 12))):
        user = s.rng.choice(
            ("root", "root", "root", "admin", "ubuntu", "test", "oracle", "postgres", "git", "user", "ftpuser", "pi")
        )
        invalid = "" if user == "root" else "invalid user "
        port = s.rng.randrange(30000, 65000)
        if invalid:
            linux.log(s, JUMP, "sshd", f"Invalid user {user} from {client} port {port}")
        linux.log(s, JUMP, "sshd", f"Failed password for {invalid}{user} from {client} port {port} ssh2")
        linux.log(
            s,
            JUMP,
            "sshd",
            f"Connection closed by {'invalid' if invalid else 'authenticating'} user {user} {client} port {port} [preauth]",
        )
        s.wait(4)
    if s.rng.random() < 0.1:
        linux.log(s, JUMP, "sshd", f"banner exchange: Connection from {client} port 4444: invalid format")


def vpn(s: Scene) -> None:
    """Somebody works from home."""
    person = s.rng.choice(CLERKS[:20])
    client = outside(s.rng)
    peer = f"{client}:{s.rng.randrange(30000, 65000)}"
    linux.log(s, JUMP, "ovpn-server", f"{peer} TLS: Initial packet from [AF_INET]{peer}, sid=41b2", 911)
    if s.rng.random() < 0.12:
        linux.log(
            s, JUMP, "ovpn-server", f"{peer} TLS Auth Error: Auth Username/Password verification failed for peer", 911
        )
        s.wait(12)
    linux.log(s, JUMP, "ovpn-server", f"{peer} [{person.account}] Peer Connection Initiated with [AF_INET]{peer}", 911)
    linux.log(
        s,
        JUMP,
        "ovpn-server",
        f"{person.account}/{peer} MULTI_sva: pool returned IPv4=10.10.8.{s.rng.randrange(2, 200)}, IPv6=(Not enabled)",
        911,
    )


def mail(s: Scene) -> None:
    """Mail comes and goes."""
    number = f"{s.rng.getrandbits(40):X}"
    who = f"{s.rng.choice(CLERKS).account}@ministria.example"
    linux.log(s, MAIL, "postfix/smtpd", f"connect from mx{s.rng.randrange(9)}.posta.example[{outside(s.rng)}]")
    if s.rng.random() < 0.25:
        linux.log(
            s,
            MAIL,
            "postfix/smtpd",
            f"NOQUEUE: reject: RCPT from unknown[{outside(s.rng)}]: 554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org; from=<info@oferta.example> to=<{who}> proto=ESMTP helo=<x>",
        )
        return
    linux.log(s, MAIL, "postfix/cleanup", f"{number}: message-id=<{number.lower()}@posta.example>")
    linux.log(
        s,
        MAIL,
        "postfix/qmgr",
        f"{number}: from=<dikush{s.rng.randrange(900)}@posta.example>, size={s.rng.randrange(900, 900000)}, nrcpt=1 (queue active)",
    )
    s.wait(1)
    linux.log(
        s,
        MAIL,
        "postfix/lmtp",
        f"{number}: to=<{who}>, relay=mail01[private/dovecot-lmtp], delay=0.4, dsn=2.0.0, status=sent (250 2.0.0 OK)",
    )
    linux.log(s, MAIL, "postfix/qmgr", f"{number}: removed")


def mail_guesses(s: Scene) -> None:
    """Robots try mailbox passwords."""
    client = outside(s.rng)
    for _ in range(s.rng.randrange(1, 6)):
        linux.log(
            s,
            MAIL,
            "postfix/smtpd",
            f"warning: unknown[{client}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=info@ministria.example",
        )
        s.wait(9)


HABITS = (
    Habit("servers.administrator", Rate(120, OFFICE), administrator),
    Habit("servers.mistyped", Rate(40, OFFICE), mistyped),
    Habit("servers.guesses", Rate(2600, FLAT), guesses),
    Habit("servers.vpn", Rate(220, MORNING), vpn),
    Habit("servers.mail", Rate(9000, PUBLIC), mail),
    Habit("servers.mailguesses", Rate(700, FLAT), mail_guesses),
)
