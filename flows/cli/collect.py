"""``signals collect``: articles, feeds and calendars become dated events with their claims."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from flows.cli import screen
from flows.cli.run import AsJson
from signals.errors import SpecError, TransientError

if TYPE_CHECKING:
    from signals.news.collect import Collected
    from signals.news.sources import NewsRequest, SourceTools

SEVERAL: Final = ("--articles", "--feeds", "--earnings", "--edgar", "--stories")
CONTACT_VARIABLE: Final = "SIGNALS_CONTACT"
_DAY: Final = r"\d{4}-\d{2}-\d{2}"

Paths = Annotated[
    list[Path] | None,
    typer.Option("--articles", metavar="PATH…", help="Articles: files or folders (txt, html, "
                 "json, RSS, Atom), in any language that has a table."),
]  # fmt: skip
Feeds = Annotated[
    list[str] | None, typer.Option("--feeds", metavar="URL…", help="RSS or Atom feeds.")
]
Earnings = Annotated[
    list[str] | None,
    typer.Option("--earnings", metavar="TICKER…", help="Results days of these tickers, before or "
                 "after the market, as events without articles."),
]  # fmt: skip
Edgar = Annotated[
    list[str] | None, typer.Option("--edgar", metavar="TICKER…", help="Their 8-K filings.")
]
Stories = Annotated[
    list[str] | None, typer.Option("--stories", metavar="TICKER…", help="Yahoo's news on them.")
]


class SeveralValues(TyperCommand):
    """Lets an option take all values that follow it: ``--earnings META NVDA``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args))


def spread(args: Sequence[str]) -> list[str]:
    """``--earnings META NVDA`` → ``--earnings META --earnings NVDA``; a study file ends it."""
    out: list[str] = []
    option, filled = "", False
    for arg in args:
        if arg.startswith("-"):
            option, filled = (arg if arg in SEVERAL else ""), False
        elif arg.endswith(".toml"):
            option = ""
        elif option and filled:
            out.append(option)
        else:
            filled = bool(option)
        out.append(arg)
    return out


def collect(
    study: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY.toml]", help="Collect into its events."),
    ] = None,
    articles: Paths = None,
    feeds: Feeds = None,
    earnings: Earnings = None,
    edgar: Edgar = None,
    stories: Stories = None,
    gdelt: Annotated[
        str, typer.Option("--gdelt", metavar="WORDS", help="Headlines that GDELT saw.")
    ] = "",
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="First day.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Last day.")] = "",
    into: Annotated[
        Path | None, typer.Option("--into", metavar="events.csv", help="The catalogue to fill.")
    ] = None,
    news: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR", help="Names and words (configs/news).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn articles, feeds and calendars into dated events with the market claims they make.

    What could not be dated or matched goes to events.review.csv, never into the catalogue.
    """
    from signals.news.files import collect_into
    from signals.news.lexicon import load_lexicon, news_folder
    from signals.news.sources import NewsRequest
    from signals.news.sources.yahoo_sources import releases_in

    _check_days(since, until)
    lexicon = load_lexicon(news or news_folder(study))
    tools = _tools(lexicon)
    request = NewsRequest(tuple(articles or ()), tuple(feeds or ()), (), gdelt, since, until)
    named = {"edgar": edgar, "yahoo_news": stories, "earnings": earnings}
    wanted = [("files", request)] * bool(articles) + [("feeds", request)] * bool(feeds)
    wanted += [("gdelt", request)] * bool(gdelt)
    wanted += [(name, _of(request, tickers)) for name, tickers in named.items() if tickers]
    if not wanted:
        raise SpecError("nothing to collect", allowed=", ".join(SEVERAL))
    target, zone = _target(study, into)
    found, skipped, down = _ask(tools, wanted)
    from signals.news.extractor import configured

    with _bar(len(found)) as advance:
        collected = collect_into(
            found, target, skipped=skipped, news=lexicon, zone=zone,
            extract=configured(os.environ, lexicon), progress=advance,
            earnings=releases_in(found),
        )  # fmt: skip
    _show(collected, target, as_json=as_json)
    if down:
        raise down[0]


def _of(request: NewsRequest, tickers: list[str]) -> NewsRequest:
    from dataclasses import replace

    return replace(request, tickers=tuple(t.upper() for t in tickers))


def _check_days(*days: str) -> None:
    import re

    for day in days:
        if day and not re.fullmatch(_DAY, day):
            raise SpecError("is not a day", value=day, allowed="YYYY-MM-DD")


def _tools(lexicon: Any) -> SourceTools:
    from flows.options import cache_dir
    from signals.news.sources import SourceTools
    from signals.providers import yahoo
    from signals.providers.web import USER_AGENT, WebClient

    contact = os.environ.get(CONTACT_VARIABLE, "").strip()
    agent = f"signals-eventstudy/0.1 ({contact})" if contact else USER_AGENT
    client = WebClient(user_agent=agent, folder=cache_dir() / "news")
    return SourceTools(client, lexicon, {}, yahoo.earnings_dates, yahoo.news)


def _target(study: Path | None, into: Path | None) -> tuple[Path, str]:
    from signals.news.anchors import MARKET_ZONE

    if study is None:
        return into or Path("events.csv"), MARKET_ZONE
    from signals.sessions.calendar import trading_calendar
    from signals.spec.read import read_study

    spec = read_study(study)
    zone = trading_calendar(spec.market.calendar).timezone
    return into or study.parent / spec.events.files[0], zone


def _ask(
    tools: SourceTools, wanted: list[tuple[str, NewsRequest]]
) -> tuple[list[Any], list[Any], list[TransientError]]:
    """Every source in turn; one that is down costs the others nothing, and is told at the end."""
    from flows.policy import retrying
    from signals.news.sources import NEWS_SOURCES

    articles: list[Any] = []
    skipped: list[Any] = []
    down: list[TransientError] = []
    for name, request in wanted:
        screen.note(f"asking {name}")
        source = NEWS_SOURCES[name].collect

        def call(source: Any = source, request: NewsRequest = request) -> Any:
            return source(tools, request)

        try:
            found = retrying(call)
        except TransientError as error:
            down.append(error)
            continue
        articles += found.articles
        skipped += found.skipped
    return articles, skipped, down


def _bar(total: int) -> AbstractContextManager[Callable[[int], object] | None]:
    if not sys.stderr.isatty() or total < 2:
        return nullcontext(None)
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def drawn() -> Any:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("reading articles", total=total)
            yield lambda done: progress.update(task, completed=done)

    return drawn()


def _show(found: Collected, target: Path, *, as_json: bool) -> None:
    from signals.events.review import review_file, waiting

    left = waiting(found.review)
    if as_json:
        screen.as_json(
            {
                "into": str(target), "events": len(found.events), "added": list(found.added),
                "changed": list(found.changed), "claims": len(found.claims),
                "review": [dict(r) for r in left.to_dict("records")],
                "skipped": [{"source": s.source, "reason": s.reason} for s in found.skipped],
            }
        )  # fmt: skip
        return
    new = found.events.loc[found.events["event_id"].isin([*found.added, *found.changed])]
    columns = ["event_id", "announced_at", "category", "subject", "headline"]
    if len(new):
        screen.table(columns, [[str(row[c]) for c in columns] for _, row in new.iterrows()])
    for skip in found.skipped:
        screen.note(f"skipped {skip.source}: {skip.reason}")
    screen.out(
        f"{target}: {len(found.added)} added, {len(found.changed)} with a further source, "
        f"{len(found.claims)} claims; {len(left)} wait in {review_file(target).name}, "
        f"{len(found.skipped)} skipped"
    )
