"""On what the numbers were measured."""

import os
import platform
import re
import time
from pathlib import Path


def description():
    """The day, the processor, its cores, the memory and the kernel, in one line."""
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    processor = found[1].strip() if found else platform.machine()
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    kernel = re.match(r"\d+\.\d+", platform.release())[0]
    cores = len(os.sched_getaffinity(0))
    return f"{time.strftime('%Y-%m-%d')}; {processor}, {cores} cores, {gigabytes:.0f} GB; Linux {kernel}"
