"""The limits of a worker process: memory, files, dumps, and the system calls that are left to it.

A bitstream comes from the network, and a decoder is a large program. So a worker can open no file
and no socket and start no process once its libraries are loaded: a filter of the kernel (seccomp,
`seccomp(2)`) answers everything else with EPERM. Linux only; `confine` says what could not be had.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct

MEMORY_BYTES = 1_200_000_000  # of addresses; what is used is a twentieth of it
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 4, 38, 22
_MODE_FILTER = 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # EPERM is 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # offsets in struct seccomp_data

# read, write, close, fstat, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask,
# rt_sigreturn, sched_yield, mremap, madvise, getpid, exit, sigaltstack, gettid, futex,
# sched_getaffinity, clock_gettime, clock_nanosleep, exit_group, getrandom, rseq, poll or ppoll
_X86_64 = (0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 39, 60, 131, 186, 202, 204)
_X86_64_LATER = (228, 230, 231, 271, 318, 334)
_AARCH64 = (57, 62, 63, 64, 73, 80, 93, 94, 98, 113, 115, 123, 124, 132, 134, 135, 139, 172, 178)
_AARCH64_LATER = (214, 215, 216, 222, 226, 233, 278, 293)
_CALLS = {
    "x86_64": (0xC000003E, (*_X86_64, *_X86_64_LATER)),
    "aarch64": (0xC00000B7, (*_AARCH64, *_AARCH64_LATER)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def limit() -> str:
    """Set the limits of memory, files and dumps, before anything is decoded; what could not be set,
    in words, "" where all could.
    """
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        _most(resource.RLIMIT_AS, MEMORY_BYTES)
        _most(resource.RLIMIT_CORE, 0)
        _most(resource.RLIMIT_FSIZE, 0)
        _most(resource.RLIMIT_NOFILE, 16)
    except (OSError, ValueError) as error:
        return f"no limits of memory and files ({error})"
    return ""


def _most(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def confine() -> str:
    """Let the kernel refuse every call that decoding does not need; why that cannot be had, in
    words, "" where it can.
    """
    known = _CALLS.get(platform.machine())
    if known is None or platform.system() != "Linux":
        return f"no filter of system calls is known for {platform.machine()}"
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return f"no filter of system calls (errno {ctypes.get_errno()})"
    code = _filter(*known)
    program = _Program(len(code) // 8, code)
    if library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0):
        return f"no filter of system calls (errno {ctypes.get_errno()})"
    return ""


def _filter(architecture: int, calls: tuple[int, ...]) -> bytes:
    """The classic BPF program: another architecture ends the process, other calls are refused."""
    lines = [
        _line(_LOAD, _ARCHITECTURE_AT),
        _line(_EQUAL, architecture, yes=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER_AT),
    ]
    for left, number in zip(range(len(calls), 0, -1), calls, strict=True):
        lines.append(_line(_EQUAL, number, yes=left))
    lines += [_line(_RETURN, _REFUSE), _line(_RETURN, _ALLOW)]
    return b"".join(lines)


def _line(code: int, value: int, *, yes: int = 0) -> bytes:
    """One instruction (struct sock_filter); where it compares, `yes` says how many to skip."""
    return struct.pack("HBBI", code, yes, 0, value)
