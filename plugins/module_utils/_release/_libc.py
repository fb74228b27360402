# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two system calls that the standard library does not wrap."""

from __future__ import annotations

import ctypes
import errno
import os
import platform

__all__ = ["exchange", "sync_filesystem"]

AT_FDCWD = -100
RENAME_EXCHANGE = 2
# For a libc older than the call (glibc 2.28 brought the wrapper); the kernel has it since 3.15.
RENAMEAT2_NUMBER = {"x86_64": 316, "aarch64": 276, "i386": 353, "i686": 353, "armv7l": 382, "ppc64le": 357, "s390x": 347, "riscv64": 276}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def exchange(first: str, second: str) -> None:
    """Swaps two names in one step: nobody ever sees either of them missing."""
    libc = _libc()
    arguments = (ctypes.c_int(AT_FDCWD), ctypes.c_char_p(os.fsencode(first)), ctypes.c_int(AT_FDCWD), ctypes.c_char_p(os.fsencode(second)),
                 ctypes.c_uint(RENAME_EXCHANGE))
    if hasattr(libc, "renameat2"):
        result = libc.renameat2(*arguments)
    elif platform.machine() in RENAMEAT2_NUMBER:
        result = libc.syscall(ctypes.c_long(RENAMEAT2_NUMBER[platform.machine()]), *arguments)
    else:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), first)
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), first)


def sync_filesystem(path: str) -> None:
    """One call makes a whole staged tree durable, where fsync would be asked once per file."""
    libc = _libc()
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if libc.syncfs(ctypes.c_int(descriptor)):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(descriptor)
