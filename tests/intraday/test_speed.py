"""20 assets × 2 years of 5-minute bars × 15 events: under 10 s of processor time and 1 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = """
import resource, sys, tempfile, time
from pathlib import Path
import statsmodels.api  # the import is not the study's
from tests.intraday.making import bars_between, made_up_study, market_book

bars = bars_between("2023-01-03", "2024-12-31", "5m")
names = [f"A{k:02d}" for k in range(20)]
book = market_book({t: 1.0 + 0.02 * k for k, t in enumerate(names)}, bars, night=10.0)
days = [str(d) for d in bars.sessions[60:-5:29]][:15]
rows = [f"e{k},{d}T16:05:00-05:00,minute,deal,A00,x,s,,," for k, d in enumerate(days)]
assets = [{"ticker": t, "group": f"g{k % 4}"} for k, t in enumerate(names)]
with tempfile.TemporaryDirectory() as folder:
    begin = time.process_time()
    result = made_up_study(Path(folder), book, rows, assets=assets, prices={"interval": "5m"})
    seconds = time.process_time() - begin
assert len(result.panel) == 300, len(result.panel)
assert result.models["n_obs"].min() > 3000
# not ru_maxrss: a child begins with its parent's
status = Path("/proc/self/status").read_text()
print(seconds, int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.mark.slow
def test_the_stated_load():
    done = subprocess.run(
        [sys.executable, "-c", STUDY], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seconds, megabytes = (float(x) for x in done.stdout.split()[-2:])
    assert seconds < 10
    assert megabytes < 1024
