"""What a student's process may not do: open files, start processes, send signals, use a network.

On Linux, the kernel refuses these calls (seccomp). Its filters are small programs of comparisons,
one for each call. The first is there before the process loads NumPy's parts and the modules that a
student's file imports; it lets files be opened to be read. The second is there before the student's
code runs, and lets no file be opened at all: nofb's own, a file of hidden tests and /proc are as
good as absent. Nothing removes a filter. Other systems have none: there, only the limits and the
clock hold.
"""

from __future__ import annotations

import platform
import struct
import sys

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel names them
ALLOW, REFUSE, UNKNOWN, END = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_OF, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # bytes into what the kernel shows of a call
CLONE_THREAD = 0x10000
WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
OTHER_NUMBERS = 0x40000000  # of a second table on x86_64

# Each call with its numbers on x86_64 and aarch64; - where there is none.
OPENING = "open 2 -, openat 257 56"
REFUSED = """
openat2 437 437, open_by_handle_at 304 265, open_tree 428 428,
open_tree_attr 467 467, memfd_create 319 279, memfd_secret 447 447, uselib 134 -,
fanotify_init 300 262, fork 57 -, vfork 58 -, execve 59 221, execveat 322 281,
kill 62 129, tkill 200 130, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240,
pidfd_open 434 434, pidfd_send_signal 424 424, pidfd_getfd 438 438, process_madvise 440 440,
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272,
setrlimit 160 164, prlimit64 302 261, setpriority 141 140, sched_setaffinity 203 122,
sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274, ioprio_set 251 30,
socket 41 198, socketpair 53 199, connect 42 203, bind 49 200, io_uring_setup 425 425,
creat 85 -, truncate 76 45, unlink 87 -, unlinkat 263 35, rmdir 84 -, mkdir 83 -, mkdirat 258 34,
rename 82 -, renameat 264 38, renameat2 316 276, link 86 -, linkat 265 37, symlink 88 -,
symlinkat 266 36, mknod 133 -, mknodat 259 33,
chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -, fchown 93 55, lchown 94 -,
fchownat 260 54, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88,
setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, setxattrat 463 463,
removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16, removexattrat 466 466,
shmget 29 194, shmat 30 196, msgget 68 186, semget 64 190, mq_open 240 180,
mount 165 40, umount2 166 39, move_mount 429 429, fsopen 430 430, fsmount 432 432,
fspick 433 433, mount_setattr 442 442, chroot 161 51, pivot_root 155 41,
unshare 272 97, setns 308 268, bpf 321 280, perf_event_open 298 241, userfaultfd 323 282,
keyctl 250 219, add_key 248 217, request_key 249 218, reboot 169 142, syslog 103 116,
init_module 175 105, finit_module 313 273, delete_module 176 106, kexec_load 246 104,
kexec_file_load 320 294, settimeofday 164 170, clock_settime 227 112, acct 163 89, swapon 167 224,
swapoff 168 225, sethostname 170 161, setdomainname 171 162
"""
CLONE3 = 435  # its arguments are in memory, where a filter cannot see them; libc then uses clone
OPEN, OPENAT, CLONE, FCNTL, PRCTL = (2, None), (257, 56), (56, 220), (72, 25), (157, 167)
SIGNALLING = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: a pipe would signal another process
OUTLIVING = 1  # PR_SET_PDEATHSIG: it would outlive the grader


def program() -> bytes:
    """Return the first filter for this machine; empty where there is none."""
    if not has_filters():
        return b""
    column = _column()
    lines = [line for number in _numbers(REFUSED, column) for line in _if(number, [], REFUSE)]
    lines += _if(CLONE3, [], UNKNOWN)
    lines += _if(OPEN[column], [_argument(1), _line(ANY_OF, WRITING, 0, 1)], REFUSE)
    lines += _if(OPENAT[column], [_argument(2), _line(ANY_OF, WRITING, 0, 1)], REFUSE)
    lines += _if(CLONE[column], [_argument(0), _line(ANY_OF, CLONE_THREAD, 1, 0)], REFUSE)
    for command in SIGNALLING:
        lines += _if(FCNTL[column], [_argument(1), _line(EQUAL, command, 0, 1)], REFUSE)
    return _whole(lines)


def closing() -> bytes:
    """Return the second filter, after which no file can be opened; empty where there is none."""
    if not has_filters():
        return b""
    column = _column()
    lines = [line for number in _numbers(OPENING, column) for line in _if(number, [], REFUSE)]
    lines += _if(PRCTL[column], [_argument(0), _line(EQUAL, OUTLIVING, 0, 1)], REFUSE)
    return _whole(lines)


def has_filters() -> bool:
    """Say whether the filters are written for this system."""
    return sys.platform == "linux" and platform.machine() in MACHINES


def _column() -> int:
    return list(MACHINES).index(platform.machine())


def _numbers(table: str, column: int) -> list[int]:
    """Return the numbers of a table's calls on a machine."""
    numbers = [entry.split()[1 + column] for entry in table.split(",")]
    return [int(number) for number in numbers if number != "-"]


def _whole(lines: list[bytes]) -> bytes:
    """Return a filter that ends programs of other machines, and allows what no line refuses."""
    begin = [_line(LOAD, MACHINE), _line(EQUAL, MACHINES[platform.machine()], 1, 0),
             _line(RETURN, END), _line(LOAD, NUMBER), _line(AT_LEAST, OTHER_NUMBERS, 0, 1),
             _line(RETURN, REFUSE)]  # fmt: skip
    return b"".join([*begin, *lines, _line(RETURN, ALLOW)])


def _if(number: int | None, condition: list[bytes], outcome: int) -> list[bytes]:
    """Return lines that decide on one call; a condition leaves out one line if it does not hold."""
    if number is None:
        return []
    lines = [*condition, _line(RETURN, outcome)]
    again = [_line(LOAD, NUMBER)] if condition else []
    return [_line(EQUAL, number, 0, len(lines + again)), *lines, *again]


def _argument(place: int) -> bytes:
    """Return the line that loads an argument of a call."""
    return _line(LOAD, ARGUMENTS + 8 * place)


def _line(code: int, value: int, jump: int = 0, otherwise: int = 0) -> bytes:
    """Return one instruction; the jumps say how many lines are left out if it holds, or not."""
    return struct.pack("HBBI", code, jump, otherwise, value)
