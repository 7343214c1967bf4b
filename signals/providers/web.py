"""One polite way to the web for all feeds and services: paced, named, cached, never guessing.

Each host is asked at most once in ``pace`` seconds, by a client that says who it is. An answer with
an ETag or Last-Modified is kept and asked for again only if it changed. What may be right next time
(no answer, 408, 429, 5xx) is a :class:`TransientError`; nothing is retried here, the caller
decides. Anything else that is no answer is a :class:`DataError`. Checked by
``tests/news/test_web.py`` against a server on the loopback.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from signals.errors import DataError, TransientError
from signals.providers import RateLimited

USER_AGENT: Final = "signals-eventstudy/0.1 (event-study research; set SIGNALS_CONTACT)"
TIMEOUT_SECONDS: Final = 30.0
MAX_BYTES: Final = 20_000_000
PACE_SECONDS: Final = 0.2
_AGAIN: Final = frozenset({408, 425})
_VALIDATORS: Final = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The body of an answer; ``cached``: the server said that ours is still right."""

    url: str
    body: bytes
    cached: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    body: bytes
    validators: Mapping[str, str]


class _SameSchemes(urllib.request.HTTPRedirectHandler):
    """Redirects stay on the web: never to files or other schemes."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in {"http", "https"}:
            raise urllib.error.URLError(f"redirected to {newurl[:80]!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class WebClient:
    """See the module. ``folder``: where answers are kept between runs (None: memory only).
    ``sleep`` and ``clock`` are arguments so that tests take no time."""

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        pace: float = PACE_SECONDS,
        timeout: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_BYTES,
        folder: Path | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.user_agent, self.pace, self.timeout = user_agent, pace, timeout
        self.max_bytes, self.folder = max_bytes, folder
        self._sleep, self._clock = sleep, clock
        self._turns: dict[str, float] = {}
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._opener = urllib.request.build_opener(_SameSchemes())

    def get(self, url: str, *, source: str, pace: float | None = None) -> Answer:
        """The answer to GET ``url``; ``source`` names the service in errors."""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise DataError("is no web address", file=url[:200], allowed="http:// or https://")
        kept = self._find(url)
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "identity"}
        if kept is not None:
            for answer, question in _VALIDATORS:
                if answer in kept.validators:
                    headers[question] = kept.validators[answer]
        self._wait(urlsplit(url).netloc, self.pace if pace is None else pace)
        return self._ask(url, headers, kept, source)

    def _ask(self, url: str, headers: dict[str, str], kept: _Kept | None, source: str) -> Answer:
        request = urllib.request.Request(url, headers=headers)
        try:
            with self._opener.open(request, timeout=self.timeout) as response:
                body = response.read(self.max_bytes + 1)
                promised = response.headers.get("Content-Length", "")
                if promised.isdigit() and len(body) < min(int(promised), self.max_bytes + 1):
                    raise TransientError(source, f"{len(body)} of {promised} bytes came")
                validators = {
                    name: response.headers[name]
                    for name, _ in _VALIDATORS
                    if response.headers.get(name)
                }
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 304 and kept is not None:
                return Answer(url, kept.body, cached=True)
            if error.code == 429:
                wait = error.headers.get("Retry-After", "")
                after = float(wait) if wait.isdigit() else None
                raise RateLimited(source, "asks for a pause", retry_after=after) from None
            if error.code in _AGAIN or error.code >= 500:
                raise TransientError(source, f"answered {error.code}") from None
            raise DataError(f"{source} answered {error.code}", file=url[:200]) from None
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise TransientError(source, f"no answer: {reason}") from None
        if len(body) > self.max_bytes:
            raise DataError(f"{source} answered more than {self.max_bytes:,} bytes", file=url[:200])
        if validators:
            self._keep(url, _Kept(body, validators))
        return Answer(url, body)

    def _wait(self, host: str, pace: float) -> None:
        """Take the next free turn of a host, and sleep until it comes."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._turns.get(host, now))
            self._turns[host] = turn + pace
        if turn > now:
            self._sleep(turn - now)

    def _files(self, url: str) -> tuple[Path, Path] | None:
        if self.folder is None:
            return None
        name = hashlib.sha256(url.encode()).hexdigest()[:32]
        return self.folder / f"{name}.json", self.folder / f"{name}.body"

    def _find(self, url: str) -> _Kept | None:
        files = self._files(url)
        if url in self._kept or files is None:
            return self._kept.get(url)
        try:
            stated = json.loads(files[0].read_text(encoding="utf-8"))
            body = files[1].read_bytes()
        except (OSError, ValueError):
            return None  # nothing kept, or not whole: it is simply asked for again
        if stated.get("digest") != hashlib.sha256(body).hexdigest() or stated.get("url") != url:
            return None
        return _Kept(body, dict(stated["validators"]))

    def _keep(self, url: str, kept: _Kept) -> None:
        self._kept[url] = kept
        files = self._files(url)
        if files is None or self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(kept.body).hexdigest()
        stated = json.dumps({"url": url, "digest": digest, "validators": dict(kept.validators)})
        for file, data in ((files[1], kept.body), (files[0], stated.encode())):
            part = file.with_suffix(file.suffix + ".part")
            part.write_bytes(data)
            part.replace(file)
