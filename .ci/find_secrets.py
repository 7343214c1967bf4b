"""Look for secrets in the files named (default: every file that git knows). Exit 1 where one is.

Used by pre-commit and by tests/security/test_secrets.py. A line that is meant to look like a
secret carries the comment ``not a secret``.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PATTERNS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[\w-]{10,}"),
    "password in an address": re.compile(
        r"[a-z][a-z0-9+]*://[^\s/:@'\"{}$<>]+:([^\s/@'\"{}$<>]{3,})@"
    ),
    "Prefect key": re.compile(r"\bpn[ub]_[A-Za-z0-9]{30,}\b"),
}
ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|secret|api_?key|auth_?string|token)[\"']?\s*[:=]\s*[\"']([^\"'\s]{16,})[\"']"
)
PLACEHOLDERS = {"password", "pass", "secret", "user", "xxx", "changeme", "signals"}
ALLOWED = "not a secret"
LARGEST = 2_000_000


def entropy(text: str) -> float:
    """Bits a character."""
    counts = [text.count(c) / len(text) for c in set(text)]
    return -sum(p * math.log2(p) for p in counts)


def secrets_in(text: str) -> list[tuple[int, str]]:
    """Line and kind of everything in ``text`` that looks like a secret."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOWED in line:
            continue
        for kind, pattern in PATTERNS.items():
            match = pattern.search(line)
            if match and (match.group(match.lastindex or 0).casefold() not in PLACEHOLDERS):
                found.append((number, kind))
        match = ASSIGNED.search(line)
        if match and entropy(match.group(1)) > 3.5:
            found.append((number, "a value that looks random, under a telling name"))
    return found


def main(names: Iterable[str]) -> int:
    """Report; returns the exit code."""
    chosen = list(names)
    if not chosen:
        told = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)
        chosen = [n for n in told.stdout.split("\0") if n]
    code = 0
    for name in chosen:
        path = Path(name)
        if not path.is_file() or path.stat().st_size > LARGEST:
            continue
        data = path.read_bytes()
        if b"\0" in data[:8192]:
            continue
        for line, kind in secrets_in(data.decode("utf-8", "replace")):
            print(f"{name}:{line}: {kind}")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
