"""Confinement of the calling process, on Linux: limits, no network, no programs, no processes, no writing.

`confine` cannot be undone. What it leaves: reading files, threads, anonymous temporary files, the descriptors
already open. The filter is a classic BPF program for seccomp(2); refused calls fail with EPERM, so that a library
that tries one goes on as if it lacked the right. Where the kernel or the processor (only x86-64 and AArch64 are
known here) offers no seccomp, a user namespace with an empty network namespace replaces the ban of the network,
and failing that too the process stays without it and `confine` says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from dataclasses import dataclass
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_CLONE_NEWNET: Final = 0x40000000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_THREAD: Final = 0x00010000

# linux/bpf_common.h, linux/seccomp.h
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15
_JUMP_LEAST: Final = 0x35
_JUMP_BITS: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_EPERM: Final = 1
_ENOSYS: Final = 38
_NUMBER_AT: Final = 0
_ARCHITECTURE_AT: Final = 4
_ARGUMENT_AT: Final = 16
_X32: Final = 0x40000000

_TIOCSTI: Final = 0x5412
_TIOCLINUX: Final = 0x541C
_WRITING: Final = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC: the same on both processors
_TMPFILE: Final = 0o20000000  # the bit of O_TMPFILE that is not O_DIRECTORY

_COMMON: Final = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442, "fchmodat2": 452,
}  # fmt: skip
_X86_64: Final = _COMMON | {
    "socket": 41, "socketpair": 53, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "fork": 57, "vfork": 58,
    "execve": 59,
    "kill": 62, "truncate": 76, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
    "symlink": 88, "chmod": 90, "chown": 92, "lchown": 94, "ptrace": 101, "utime": 132, "mknod": 133,
    "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "init_module": 175, "delete_module": 176, "setxattr": 188, "lsetxattr": 189, "removexattr": 197,
    "lremovexattr": 198, "tkill": 200, "utimes": 235, "kexec_load": 246, "add_key": 248, "request_key": 249,
    "keyctl": 250, "mkdirat": 258, "mknodat": 259, "fchownat": 260, "unlinkat": 263, "renameat": 264,
    "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272, "utimensat": 280, "accept4": 288,
    "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "finit_module": 313, "renameat2": 316, "kexec_file_load": 320, "bpf": 321,
    "execveat": 322, "userfaultfd": 323,
}  # fmt: skip
_AARCH64: Final = _COMMON | {
    "setxattr": 5, "lsetxattr": 6, "removexattr": 14, "lremovexattr": 15, "mknodat": 33, "mkdirat": 34,
    "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "umount2": 39, "mount": 40, "pivot_root": 41,
    "truncate": 45, "chroot": 51, "fchmodat": 53, "fchownat": 54, "utimensat": 88, "unshare": 97,
    "kexec_load": 104, "init_module": 105, "delete_module": 106, "ptrace": 117, "kill": 129, "tkill": 130,
    "reboot": 142, "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203,
    "add_key": 217,
    "request_key": 218, "keyctl": 219, "execve": 221, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
    "accept4": 242, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
    "finit_module": 273, "renameat2": 276, "bpf": 280, "execveat": 281, "userfaultfd": 282,
    "kexec_file_load": 294,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Machine:
    """`audit` names the processor to seccomp; `opens` are the calls that open files, with the argument holding flags.
    `clone3` and `openat2` hide their flags behind a pointer, so they do not exist (ENOSYS) and libc falls back."""

    audit: int
    refused: dict[str, int]
    opens: tuple[tuple[int, int], ...]
    clone: int
    tgkill: int
    prlimit: int
    ioctl: int
    missing: tuple[int, ...] = (435, 437)


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, _X86_64, ((2, 1), (257, 2)), 56, 234, 302, 16),
    "aarch64": _Machine(0xC00000B7, _AARCH64, ((56, 2),), 220, 131, 261, 29),
}

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a confined process may use. `memory` is bytes of private writable memory beyond what it has already,
    `seconds` of processor time per task, `rate` the input bytes that earn one more second, `files` open
    descriptors, `file_bytes` the largest temporary file."""

    memory: int = 2 << 30
    seconds: int = 600
    rate: int = 1 << 20
    files: int = 256
    file_bytes: int = 16 << 30

    def time_for(self, size: int) -> int:
        """Seconds of processor time allowed for a task of `size` bytes.

        >>> Limits(seconds=10, rate=1000).time_for(5000)
        15
        """
        return self.seconds + size // self.rate


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends. Elsewhere than on Linux, nothing."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def confine(limits: Limits) -> str:
    """Confine this process for good. Returns what could not be had, in words, or nothing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, limits.files)
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    # RLIMIT_AS is of no use: Arrow's allocator and others reserve gigabytes of address space that they never touch.
    # RLIMIT_DATA (Linux 4.7) counts private writable mappings, and a reservation only once it is made writable.
    _lower(resource.RLIMIT_DATA, data_bytes() + limits.memory)
    if not hasattr(_libc, "prctl"):
        return "this system is not Linux: the network is not closed to parsers"
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    machine = _MACHINES.get(platform.machine())
    if machine and _install(program(machine, os.getpid())):
        return ""
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        return "no seccomp here: parsers are without network, but may start programs"
    return "neither seccomp nor user namespaces here: the network is not closed to parsers"


def arm_clock(seconds: int) -> None:
    """Have the kernel end this process (SIGXCPU) after that much more processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard < 0 else min(wanted, hard), hard))


def data_bytes() -> int:
    """What RLIMIT_DATA counts of this process now; 0 where /proc is absent."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[5]) * resource.getpagesize()
    except OSError:
        return 0


def _lower(what: int, wanted: int) -> None:
    _, hard = resource.getrlimit(what)
    value = wanted if hard < 0 else min(wanted, hard)
    resource.setrlimit(what, (value, value))


def program(machine: _Machine, pid: int) -> bytes:
    """The filter: sock_filter instructions of 8 bytes (code u16, jump if true u8, if false u8, operand u32)."""
    refuse = _step(_RETURN, _ERRNO | _EPERM)
    allow = _step(_RETURN, _ALLOW)
    code = [_step(_LOAD, _ARCHITECTURE_AT), _step(_JUMP_EQUAL, machine.audit, 1, 0), refuse, _step(_LOAD, _NUMBER_AT)]
    if machine.audit == _MACHINES["x86_64"].audit:
        code += [_step(_JUMP_LEAST, _X32, 0, 1), refuse]
    for number in sorted(machine.refused.values()):
        code += [_step(_JUMP_EQUAL, number, 0, 1), refuse]
    for number in machine.missing:
        code += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | _ENOSYS)]
    # Threads, but no processes: clone must carry CLONE_THREAD.
    code += _when(machine.clone, 0, [_step(_JUMP_BITS, _CLONE_THREAD, 1, 0), refuse, allow])
    # abort() signals its own thread; nobody else may be signalled.
    code += _when(machine.tgkill, 0, [_step(_JUMP_EQUAL, pid, 1, 0), refuse, allow])
    code += _when(machine.prlimit, 0, [_step(_JUMP_EQUAL, 0, 1, 0), refuse, allow])
    # Nothing may be typed into the terminal that standard error may be.
    code += _when(
        machine.ioctl, 1, [_step(_JUMP_EQUAL, _TIOCSTI, 1, 0), _step(_JUMP_EQUAL, _TIOCLINUX, 0, 1), refuse, allow]
    )
    for number, argument in machine.opens:
        body = [_step(_JUMP_BITS, _TMPFILE, 2, 0), _step(_JUMP_BITS, _WRITING, 0, 1), refuse, allow]
        code += _when(number, argument, body)
    return b"".join([*code, allow])


def _when(number: int, argument: int, body: list[bytes]) -> list[bytes]:
    """`body`, which returns, with the low half of an argument loaded, for this call only."""
    return [
        _step(_JUMP_EQUAL, number, 0, len(body) + 1),
        _step(_LOAD, _ARGUMENT_AT + 8 * argument),  # both processors are little-endian
        *body,
    ]


def _step(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, operand)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _install(code: bytes) -> bool:
    held = _Program(len(code) // 8, code)
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(held), 0, 0) == 0)
