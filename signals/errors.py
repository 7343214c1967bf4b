"""The four error families of the house. Each carries fields and writes its own message.

========================  =========================================  =========
family                    policy                                     exit code
========================  =========================================  =========
:class:`SpecError`        the user's study file or option is wrong   2
:class:`DataError`        the user's data is wrong: stop             2
:class:`TransientError`   a source is down: retry, then give up      3
:class:`EventError`       this event cannot be studied: exclude it   (none)
========================  =========================================  =========
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class SignalsError(Exception):
    """Root of every error that this package raises on purpose."""

    exit_code = 1


class SpecError(SignalsError):
    """A study file, or a command-line option, holds something that cannot be used.

    Parameters
    ----------
    problem : what is wrong, in plain words.
    file, line, key, value : where it stands and what was found there.
    allowed : what may stand there (a phrase or the list of allowed values).
    """

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        key: str | None = None,
        value: object = None,
        allowed: str | Iterable[object] | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.key = key
        self.value = value
        self.allowed = _phrase(allowed)
        place = ":".join(str(p) for p in (self.file, line) if p is not None)
        parts = [p for p in (place, key) if p]
        text = ": ".join([*parts, problem])
        if value is not None:
            text += f" (found {_clip(value)})"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        super().__init__(text)


class DataError(SignalsError):
    """A data file cannot be used. Names file, line, column, value and what is allowed."""

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        column: str | None = None,
        value: object = None,
        allowed: str | Iterable[object] | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.column = column
        self.value = value
        self.allowed = _phrase(allowed)
        place = ":".join(str(p) for p in (self.file, line) if p is not None)
        parts = [p for p in (place, f"column {column}" if column else None) if p]
        text = ": ".join([*parts, problem])
        if value is not None:
            text += f" (found {_clip(value)})"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        super().__init__(text)


class TransientError(SignalsError):
    """A source did not answer, or answered with something that may be right next time."""

    exit_code = 3

    def __init__(self, source: str, detail: str, *, ticker: str | None = None) -> None:
        self.source = source
        self.detail = detail
        self.ticker = ticker
        super().__init__(f"{source}{f' / {ticker}' if ticker else ''}: {detail}")


class EventError(SignalsError):
    """One event-asset pair cannot be studied; ``study.py`` turns it into an exclusion."""

    def __init__(self, event_id: str, ticker: str, stage: str, code: str, detail: str) -> None:
        self.event_id = event_id
        self.ticker = ticker
        self.stage = stage
        self.code = code
        self.detail = detail
        super().__init__(f"{event_id} / {ticker}: {detail}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or None when nothing comes close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _phrase(allowed: str | Iterable[object] | None) -> str | None:
    if allowed is None or isinstance(allowed, str):
        return allowed
    return ", ".join(str(a) for a in allowed)


def _clip(value: object, limit: int = 100) -> str:
    """The value as code, its middle left out when long: of a path the end tells most."""
    text = repr(value)
    keep = (limit - 1) // 2
    return text if len(text) <= limit else f"{text[:keep]}…{text[-keep:]}"
