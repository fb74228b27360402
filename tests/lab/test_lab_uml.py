# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of guests writes 2,696 bytes of extended registers, however many this processor has."""

from __future__ import annotations

import os
import subprocess
import sys

from machine_room import cache, uml

# A traced process is read and written as linux.uml does; what is printed: the results of both, and whether all is as before.
TRACER = """
import ctypes, os, signal
library = ctypes.CDLL(None)
library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
def registers(request, area):
    span = Span(ctypes.addressof(area), 2696)
    return library.ptrace(request, process, 0x202, ctypes.addressof(span))
process = os.fork()
if process == 0:
    library.ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(process, 0)
before, after = ctypes.create_string_buffer(2696), ctypes.create_string_buffer(2696)
print(registers(0x4204, before), registers(0x4205, before), registers(0x4204, after), before.raw == after.raw)
os.kill(process, signal.SIGKILL)
"""


def test_registers_are_written_on_every_processor() -> None:
    with cache.locked():
        environment = {**os.environ, "LD_PRELOAD": str(uml.ensure())}
    done = subprocess.run([sys.executable, "-c", TRACER], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "0 0 0 True\n", done.stderr
