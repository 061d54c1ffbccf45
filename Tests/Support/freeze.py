#!/usr/bin/python3
"""Stops one thread of a process, as a debugger would, and lets it go on when this program ends.

    freeze.py PID THREAD-NAME

Prints `frozen` once the thread stands still.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

# <linux/ptrace.h>, <linux/wait.h>
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def trace(request, thread):
    if libc.ptrace(request, thread, None, None) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def main():
    pid, name = sys.argv[1:]
    tasks = Path(f"/proc/{pid}/task")
    threads = [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == name]
    if len(threads) != 1:
        raise SystemExit(f"freeze: {len(threads)} threads called {name}")
    trace(PTRACE_SEIZE, threads[0])
    trace(PTRACE_INTERRUPT, threads[0])
    os.waitpid(threads[0], WALL)
    print("frozen", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
