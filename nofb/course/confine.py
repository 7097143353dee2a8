"""What a student's process may not do: open files, start processes, send signals, use a network.

On Linux, the kernel refuses these calls (seccomp). Its filter is a small program of comparisons,
one for each call. The student's process loads NumPy, installs the filter, and only then runs the
student's code; nothing removes it. No file can be opened then, not even to be read: nofb's own, a
file of hidden tests and /proc are as good as absent. Other systems have no such filter here: there,
only the limits and the clock hold.
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
OTHER_NUMBERS = 0x40000000  # of a second table on x86_64

# Each call with its numbers on x86_64 and aarch64; - where there is none.
REFUSED = """
open 2 -, openat 257 56, openat2 437 437, open_by_handle_at 304 265, open_tree 428 428,
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
CLONE, FCNTL = (56, 220), (72, 25)
SIGNALLING = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: a pipe would signal another process


def program() -> bytes:
    """Return the filter for this machine; empty where there is none."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return b""
    column = list(MACHINES).index(platform.machine())
    lines = [_line(LOAD, MACHINE), _line(EQUAL, MACHINES[platform.machine()], 1, 0),
             _line(RETURN, END), _line(LOAD, NUMBER), _line(AT_LEAST, OTHER_NUMBERS, 0, 1),
             _line(RETURN, REFUSE)]  # fmt: skip
    for number in _refused(column):
        lines += [_line(EQUAL, number, 0, 1), _line(RETURN, REFUSE)]
    lines += [_line(EQUAL, CLONE3, 0, 1), _line(RETURN, UNKNOWN)]
    lines += _if(CLONE[column], [_line(LOAD, ARGUMENTS), _line(ANY_OF, CLONE_THREAD, 1, 0),
                                 _line(RETURN, REFUSE)])  # fmt: skip
    for command in SIGNALLING:
        lines += _if(FCNTL[column], [_line(LOAD, ARGUMENTS + 8), _line(EQUAL, command, 0, 1),
                                     _line(RETURN, REFUSE)])  # fmt: skip
    return b"".join([*lines, _line(RETURN, ALLOW)])


def _refused(column: int) -> list[int]:
    """Return the numbers of the calls that are refused on a machine."""
    numbers = [entry.split()[1 + column] for entry in REFUSED.split(",")]
    return [int(number) for number in numbers if number != "-"]


def _if(number: int, lines: list[bytes]) -> list[bytes]:
    """Return lines that are for one call only; the number of the call is loaded again after it."""
    return [_line(EQUAL, number, 0, len(lines) + 1), *lines, _line(LOAD, NUMBER)]


def _line(code: int, value: int, jump: int = 0, otherwise: int = 0) -> bytes:
    """Return one instruction; the jumps say how many lines are left out if it holds, or not."""
    return struct.pack("HBBI", code, jump, otherwise, value)
