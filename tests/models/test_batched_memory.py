"""Arrays that are freed and wanted again do not cost fresh pages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from signals.models.batched_memory import keep_freed_memory

keep_freed_memory()

def block():
    arrays = [np.ones(1 << 17) for _ in range(4)]  # a megabyte each
    return sum(float(a[0]) for a in arrays)

block()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    block()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's malloc that learns")
def test_freed_memory_is_kept() -> None:
    # Whoever sets a limit of malloc's own (Dask does, for its workers) keeps it from learning.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    # Without it, 50 blocks of 4 MB are 50,000 faults of 4 kB.
    assert int(done.stdout) < 2_000
