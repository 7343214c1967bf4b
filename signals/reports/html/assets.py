"""Style sheet, scripts and the chart library, and the policy that lets only these run.

The page carries Plotly packed (gzip, base64: 2 MB of 4.8); its own script unpacks it when the
first chart comes into view. The content-security policy names the digests of exactly these
scripts and forbids every connection, so nothing that a table or a headline holds can run.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import numpy as np

# JSON above this many characters is packed as well: large studies stay small files.
PACK_ABOVE: Final = 1_000_000


@lru_cache(maxsize=8)
def text(name: str) -> str:
    """One file of ``signals/reports/html/assets``."""
    folder = resources.files("signals.reports.html") / "assets"
    return (folder / name).read_text(encoding="utf-8")


SCRIPTS: Final = ("numbers.js", "grids.js", "charts.js", "beyond.js", "start.js")


def script() -> str:
    """The page's own script: its parts in one closed scope."""
    parts = "\n".join(text(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


@lru_cache(maxsize=1)
def plotly() -> tuple[str, str]:
    """The installed Plotly library (MIT) packed for the page, and its CSP digest."""
    from plotly.offline import get_plotlyjs

    source = get_plotlyjs()
    return pack(source.encode()), digest(source)


def pack(content: bytes) -> str:
    """gzip + base64; the same content gives the same text."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")


def digest(source: str) -> str:
    """The content-security-policy digest of one inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")


def policy(*scripts: str) -> str:
    """A policy under which only the named scripts run and nothing is fetched from anywhere."""
    allowed = " ".join(f"'{s}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src 'none'; connect-src 'none'; base-uri 'none'; "
        "form-action 'none'"
    )


def safe_json(value: object) -> str:
    """JSON that may stand inside a ``<script>`` element whatever text it holds: ``<``, ``>``, ``&``
    and the line separators of JavaScript are written as escapes. NaN is refused: whoever fills in
    the data says what a missing number is (null)."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_bare
    )
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def data_block(value: object) -> Mapping[str, Any]:
    """The page's data for the template: its text and whether it is packed."""
    text = safe_json(value)
    if len(text) <= PACK_ABOVE:
        return {"text": text, "packed": False}
    return {"text": pack(text.encode()), "packed": True}


def rounded(value: float, digits: int = 6) -> float | None:
    """``digits`` significant digits, None for NaN: what a chart or a table can show."""
    if value is None or not math.isfinite(value):
        return None
    found = float(f"{value:.{digits}g}")
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def _bare(value: Any) -> Any:
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
