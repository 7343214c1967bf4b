"""Generated inputs for everything that reads a file of somebody else's.

A target takes bytes and must end in one of three ways: it is understood; it is refused with an
error of ours that says where and why; or (articles, feeds) it is skipped with a reason. Anything
else is a finding: another exception, more than two seconds of its own (other work on the machine does
not count), an endless loop, more than a gigabyte.
"""

from __future__ import annotations

import random
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from signals.errors import DataError, SignalsError, SpecError
from signals.news.dates import parse_stamp
from tests.faults.kills import ARTICLES, NEWS, Tally
from tests.flows.conftest import EVENTS, STUDY

SECONDS = 2.0
HANG = 10.0
MEMORY = 2**30
NASTY = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\"", b"'", b"\"\"", b",", b";",
    b"=", b"=cmd|' /C calc'!A0", b"@SUM(1)", b"[", b"]", b"[[", b"{", b"}", b"#", b"\\", b"\\u0000",
    b"../../etc/passwd", b"CON", b"nan", b"inf", b"-inf", b"1e999", b"-0", b"1e-320", b"0x10",
    b"9999999999999999999999", b"2024-02-30", b"0000-00-00", b"9999-12-31", b"1600-01-01",
    b"2024-03-10T02:30:00-05:00", b"2024-01-01T00:00:00+99:00", b"2024-06-10T16:05:00",
    "१२३".encode(), "٣٫١٤".encode(), "\u202e".encode(), "🂡".encode(), "ﬀ".encode(),
    b"\xed\xa0\x80", b"\xc3\x28", b"\x1b[31m", b"<script>", b"<!ENTITY a '&b;'>", b"&a;", b"]]>",
    b"<![CDATA[", b"-->", b"true", b"null", b"[-10, 10]", b"[10, -10]", b"[0]", b"seed = -1",
    b"A" * 5000, b"9" * 400, b"(" * 400, b"[" * 400, b"{\"a\":" * 200, b"\n" * 300, b"META " * 300,
)  # fmt: skip

Target = Callable[[bytes, Path], str]


class TooLong(Exception):
    """An input kept its reader busy for more than ``HANG`` seconds of its own."""


@dataclass(frozen=True)
class Finding:
    """An input and what it did."""

    target: str
    data: bytes
    what: str


def study_toml(data: bytes, folder: Path) -> str:
    from signals.spec import read_study

    file = folder / "study.toml"
    file.write_bytes(data)
    return _refused(lambda: read_study(file), file)


def events_csv(data: bytes, folder: Path) -> str:
    from signals.events import read_catalogue

    file = folder / "events.csv"
    file.write_bytes(data)
    for skip in (False, True):
        told = _refused(lambda skip=skip: read_catalogue([file], skip_bad_rows=skip), file)
    return told


def claims_csv(data: bytes, folder: Path) -> str:
    from signals.events import read_catalogue

    place = folder / "claims"
    place.mkdir(exist_ok=True)
    (place / "events.csv").write_text(EVENTS, encoding="utf-8")
    (place / "events.claims.csv").write_bytes(data)
    return _refused(lambda: read_catalogue([place / "events.csv"]), place / "events.claims.csv")


def prices_csv(data: bytes, folder: Path) -> str:
    from signals.prices import CsvSource, PriceRequest, PriceUnavailable

    (folder / "AAA.csv").write_bytes(data)
    request = PriceRequest("AAA", "AAA", "XNYS", "2020-01-01", "2024-12-31")

    def load() -> object:
        try:
            return CsvSource(folder).load(request)
        except PriceUnavailable as error:
            _hold(error.code in {"no_prices", "bad_prices"} and error.detail, "a cause")
            return None

    return _refused(load, folder / "AAA.csv")


def articles(data: bytes, folder: Path) -> str:
    return _read(data, (".txt", ".html", ".json")[len(data) % 3])


def feeds(data: bytes, folder: Path) -> str:
    return _read(data, (".xml", ".rss", ".atom")[len(data) % 3])


def _read(data: bytes, suffix: str) -> str:
    from signals.events import read_catalogue  # noqa: F401
    from signals.news.collect import collect
    from signals.news.read import Unusable, read_bytes

    try:
        found, skipped = read_bytes(data, f"input{suffix}", suffix)
    except Unusable as error:
        _hold(str(error), "no reason")
        return "skipped"
    assert all(s.source and s.reason for s in skipped)
    collected = collect(found, news=_lexicon())
    assert all(s.source and s.reason for s in collected.skipped)
    known = {"undated", "unmatched", "recalled", "denied", "duplicate", "low_confidence"}
    assert set(collected.review["reason"]) <= known
    return "read" if found else "skipped"


@cache
def _lexicon() -> Any:
    from signals.news.lexicon import load_lexicon

    return load_lexicon(Path(NEWS))


def _hold(condition: object, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


def _refused(call: Callable[[], object], file: Path) -> str:
    """Call it; a refusal has to name its file and say why."""
    try:
        call()
    except (SpecError, DataError) as error:
        _hold(error.file is not None, f"no place: {error}")
        _hold(Path(error.file or "").name == file.name, f"another place: {error}")
        _hold(error.problem, "no reason")
        _hold("\n" not in str(error)[:200], "more than one line")
        return "refused"
    return "read"


_HEAD = "date,open,high,low,close,adj_close,volume\n"
_ROWS = "".join(
    f"2024-01-{day:02d},10{day},11{day},9{day},10{day}.5,10{day}.25,{day}000\n"
    for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)
)
_CLAIMS = (
    "event_id,claim_id,ticker,metric,stated,unit,window,window_first,window_last,source,"
    "quote_start,quote_end\nfirst,c1,AAA,return,-0.12,decimal,two days,0,1,press,0,10\n"
    "second,c1,BBB,market_value,-2e11,USD,,0,1,press,0,10\n"
)
_RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><item><title>Meta shares '
    "tumbled 11.3% on Thursday</title><link>https://example.org/a</link><pubDate>Fri, 31 Oct 2025 "
    "20:30:00 GMT</pubDate><description><![CDATA[<p>Meta raised its guidance.</p>]]></description>"
    "</item></channel></rss>"
)
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>Meta released Llama '
    '3.1</title><link href="https://example.org/b"/><updated>2024-07-23T11:00:00Z</updated>'
    "<summary>Its largest model.</summary></entry></feed>"
)
_HTML = (
    '<html><head><meta property="article:published_time" content="2025-05-29T12:00:00-04:00">'
    "<title>Anduril and Meta</title></head><body><p>Anduril and Meta announced a partnership today "
    "to build headsets for soldiers, worth $100 million, the companies said.</p></body></html>"
)
_JSON = (
    '[{"title": "Meta shares fell 12%", "text": "Meta shares fell 12% on Friday after results.", '
    '"published": "2025-10-31", "url": "https://example.org/c"}]'
)
TARGETS: Mapping[str, tuple[Target, tuple[bytes, ...]]] = {
    "study": (study_toml, (STUDY.encode(), (Path(NEWS).parent / "meta_ai.toml").read_bytes())),
    "events": (events_csv, (EVENTS.encode(),)),
    "claims": (claims_csv, (_CLAIMS.encode(),)),
    "prices": (prices_csv, ((_HEAD + _ROWS).encode(),)),
    "articles": (articles, (*(t.encode() for t in ARTICLES.values()), _HTML.encode(),
                            _JSON.encode())),
    "feeds": (feeds, (_RSS.encode(), _ATOM.encode())),
}  # fmt: skip


def mutated(draw: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """A valid document with one to five things wrong; now and then mere noise."""
    if draw.random() < 0.03:
        return draw.randbytes(draw.randrange(400))
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.randint(1, 5)):
        size = len(data)
        a, b = sorted((draw.randint(0, size), draw.randint(0, size)))
        b = min(b, a + draw.choice((1, 3, 20, 200)))
        kind = draw.randrange(7)
        if kind == 0 and size:
            data[min(a, size - 1)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            del data[a:b]
        elif kind == 2:
            data[b:b] = data[a:b] * draw.choice((1, 2, 30))
        elif kind == 3:
            data[a:b] = draw.choice(NASTY)
        elif kind == 4:
            _replace_word(data, draw)
        elif kind == 5:
            lines = bytes(data).split(b"\n")
            draw.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        else:
            del data[a:]
    return bytes(data)


def _replace_word(data: bytearray, draw: random.Random) -> None:
    """One cell, value or word becomes something else of its kind, or nasty."""
    text = bytes(data)
    marks = [i for i, c in enumerate(text) if c in b',=\n "[]<>:']
    if len(marks) < 2:
        return
    k = draw.randrange(len(marks) - 1)
    data[marks[k] + 1 : marks[k + 1]] = draw.choice(NASTY)


def attempt(name: str, data: bytes, folder: Path) -> tuple[str, Finding | None]:
    """One input: how it ended (``read``, ``refused``, ``skipped``, ``wrong``), and what is wrong."""
    call, _ = TARGETS[name]
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        signal.setitimer(signal.ITIMER_PROF, HANG)
        try:
            ended = call(data, folder)
        except (Exception, RecursionError) as error:
            family = "ours, unexpected here" if isinstance(error, SignalsError) else "not ours"
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__} ({family}) {str(error)[:200]} at {where.name}:"
            return "wrong", Finding(name, data, f"{text}{where.lineno} of {where.filename}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - begun
    if seconds > SECONDS:
        return "wrong", Finding(name, data, f"took {seconds:.1f} s")
    return ended, None


def _alarm(*_: object) -> None:
    raise TooLong(f"more than {HANG:g} s")


def fuzz_all(folder: Path, count: int, seed: int, names: tuple[str, ...] = ()) -> Tally:
    """``count`` inputs, shared by the targets in turn. The tally's ``kills`` counts refusals and
    skips, ``finished_first`` what was understood."""
    tally, draw = Tally(verbs=("refused or skipped", "understood")), random.Random(seed)
    before = signal.signal(signal.SIGPROF, _alarm)
    names = names or tuple(TARGETS)
    try:
        for name in names:  # the first use of each reader imports and builds tables
            TARGETS[name][0](TARGETS[name][1][0], folder)
        if {"articles", "feeds"} & set(names):
            parse_stamp("a date of no known language in 2024")
        for turn in range(count):
            name = names[turn % len(names)]
            ended, finding = attempt(name, mutated(draw, TARGETS[name][1]), folder)
            if finding is not None:
                tally.wrong.append(f"{name}: {finding.what}: {finding.data[:300]!r}")
            elif ended == "read":
                tally.finished_first += 1
            else:
                tally.kills += 1
            tally.note(turn + 1, count)
    finally:
        signal.signal(signal.SIGPROF, before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak > MEMORY:
        tally.wrong.append(f"{peak / 2**20:.0f} MB")
    return tally
