"""What stands on the page, section by section: the values that the templates fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from signals.reports.figures.series import main_ticker, subject_of
from signals.reports.html import beyond_view, charts, columns
from signals.reports.html.claims_view import claims_frame
from signals.reports.html.event_views import event_anchors, event_views
from signals.reports.html.grids import Grid, grid
from signals.reports.html.methods_view import methods
from signals.reports.html.power_view import power_data
from signals.reports.prose.moves import findings, group_sentences, lead
from signals.reports.prose.numbers import MINUS, listed, percent, window_text
from signals.reports.prose.power import power_sentences
from signals.reports.prose.sentences import level
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult

MOST_OTHERS = 8


def context(
    result: StudyResult, say: Words, *, command: str | None, previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    """All values of the page's template."""
    grids = _grids(result, say)
    data = charts.page_data(result)
    power = power_data(result, say)
    beyond = beyond_view.beyond_data(result, say)
    return {
        "title": result.spec.title or result.spec.id,
        "facts": facts(result, say),
        "found": found(result, say),
        "changed": previous,
        "timelines": bool(data["timelines"]),
        "events": event_views(result, say),
        "no_band": result.panel is not None and not result.panel.forecast,
        "path_note": "chart.path_note_bars" if result.spec.intraday else "chart.path_note",
        "path_first": str(result.spec.event_window[0]).replace("-", MINUS),
        "level": level(result.spec.alpha),
        "has_groups": bool(data["groups"]),
        "has_panel": bool(data["pairs"]["event"]),
        "has_specifications": bool(data["specifications"]),
        "power": power_sentences(result, say) if data["pairs"]["event"] else [],
        "placebo_note": placebo_note(result, say),
        "beyond": beyond_view.sections(result, say, beyond),
        "grids": grids,
        "further": [grids[name] for name in grids if name.startswith("further-")],
        "methods": methods(result, say),
        "provenance": provenance(result, say, command),
        "data": {
            **data,
            "powers": power,
            "beyond": beyond,
            "grids": {name: g.data for name, g in grids.items()},
            "meta": meta(result),
            "words": script_words(result, say),
        },
    }


def placebo_note(result: StudyResult, say: Words) -> str:
    """Why no test of this study has a verdict; empty where there was a placebo study."""
    if result.spec.intraday:
        return say("placebo.bars")
    return "" if result.spec.calibration.draws else say("placebo.none")


def facts(result: StudyResult, say: Words) -> list[tuple[str, str]]:
    """The line under the title: as-of, data and their age, model, windows, counts."""
    spec, manifest = result.spec, result.manifest
    histories = [h for h in result.prices.histories.values() if len(h.sessions)]
    out: list[tuple[str, str]] = []
    if manifest.get("as_of"):
        out.append((say("page.as_of"), str(manifest["as_of"])))
    if histories:
        newest = max(str(h.sessions[-1])[:10] for h in histories)
        oldest = min(str(h.sessions[-1])[:10] for h in histories)
        span = newest if newest == oldest else f"{oldest} … {newest}"
        out.append((say("page.prices_until"), span))
    sources = sorted({h.source for h in histories if h.source} | {result.prices.source} - {""})
    if sources:
        fetched = sorted(h.fetched_at[:10] for h in histories if h.fetched_at)
        when = f" ({say('page.fetched')} {fetched[0]})" if fetched else ""
        out.append((say("page.sources"), listed(sources) + when))
    out.append((say("page.model"), spec.model))
    out.append((say("page.windows"), ", ".join(window_text(*w) for w in spec.windows)))
    counts = manifest.get("counts", {})
    if counts:
        out.append((say("page.events_used"), f"{counts['used']:,} / {counts['requested']:,}"))
    return out


def further_columns(frame: pd.DataFrame) -> list[str]:
    """All columns of a table, its window as one."""
    names = [str(c) for c in frame.columns]
    if not {"first", "last"} <= set(names):
        return names
    return ["window" if c == "first" else c for c in names if c != "last"]


def found(result: StudyResult, say: Words) -> dict[str, Any]:
    """The findings in sentences: the events' own assets, the strongest others, the groups."""
    anchors = event_anchors(result)
    headlines = dict(zip(result.events["event_id"], result.events["headline"], strict=True))
    about = dict(zip(result.events["event_id"], result.events["subject"], strict=True))
    first = subject_of(result)
    own: list[dict[str, str]] = []
    silent: list[dict[str, str]] = []
    others: list[dict[str, str]] = []
    for key, item in findings(result, say=say).items():
        view = {
            "anchor": anchors[key[0]],
            "event_id": key[0],
            "headline": str(headlines.get(key[0], "")),
            "sentence": item.sentence,
            "mark": _mark(item.move.car) if item.detected else "none",
        }
        if item.detected:
            (own if about.get(key[0]) == key[1] else others).append(view)
        elif first.get(key[0]) == key[1]:
            silent.append(view)
    return {
        "lead": lead(result, say),
        "own": own,
        "silent": silent,
        "others": others[:MOST_OTHERS],
        "groups": list(group_sentences(result, ("all", "group", "category"), say).values()),
    }


def _mark(car: float) -> str:
    return "down" if car < 0 else "up"


def _grids(result: StudyResult, say: Words) -> dict[str, Grid]:
    quantity = result.spec.quantity
    first, last = result.spec.primary

    def made(name: str, title: str, frame: pd.DataFrame, chosen: Sequence[str]) -> Grid:
        return grid(name, title, frame, chosen, say, quantity=quantity)

    def primary_first(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        away = ~((frame["first"] == first) & (frame["last"] == last))
        order = frame.assign(_away=away)
        return order.sort_values(["_away", *by], kind="stable").drop(columns="_away")

    statistics = result.statistics.assign(
        recommended=result.statistics["recommended"].fillna(False).astype(bool)
    )
    statistics = statistics.assign(_r=~statistics["recommended"])
    shown = {
        "cars": (say("section.all_cars"), primary_first(result.car, []), columns.CARS),
        "statistics": (
            say("section.statistics"), primary_first(statistics, ["_r"]), columns.STATISTICS,
        ),
        "caar": (say("section.caar"), primary_first(result.caar, []), columns.CAAR),
        "excluded": (say("section.excluded"), result.excluded, columns.EXCLUDED),
        "claims": (say("section.claims"), claims_frame(result.claims, say), columns.CLAIMS),
        "calibration": (
            say("section.calibration"), result.table("calibration"), columns.CALIBRATION,
        ),
        "models": (say("methods.model", name=result.spec.model), result.models, columns.MODELS),
        "price_issues": (say("section.price_issues"), _issues(result), columns.ISSUES),
        "prices": (say("provenance.prices"), _series(result), columns.SERIES),
        "changes": (
            say("section.changed"),
            result.tables.get("changes", pd.DataFrame()),
            list(result.tables.get("changes", pd.DataFrame()).columns),
        ),
    }  # fmt: skip
    shown |= beyond_view.tables(result, say)
    for name in sorted(set(result.tables) - columns.PLACED - beyond_view.placed(result)):
        frame = result.tables[name]
        title = say.note(f"table.{name}") or name.replace("_", " ").capitalize()
        shown[f"further-{name}"] = (title, frame, further_columns(frame))
    made_grids = {n: made(n, title, f, list(c)) for n, (title, f, c) in shown.items() if len(f)}
    return {name: g for name, g in made_grids.items() if g.columns}


def _issues(result: StudyResult) -> pd.DataFrame:
    return pd.DataFrame(list(result.manifest.get("price_issues", [])), columns=list(columns.ISSUES))


def _series(result: StudyResult) -> pd.DataFrame:
    series = result.manifest.get("digests", {}).get("prices", {})
    rows = [{"ticker": t, **values} for t, values in series.items()]
    return pd.DataFrame(rows, columns=list(columns.SERIES))


def provenance(result: StudyResult, say: Words, command: str | None) -> dict[str, Any]:
    """Digests, versions, seed and the command that makes this report again."""
    manifest = result.manifest
    digests = manifest.get("digests", {})
    family = manifest.get("family", {})
    window = tuple(family.get("window", result.spec.primary))
    known = {
        say("provenance.seed"): str(result.spec.seed),
        say("provenance.spec"): str(digests.get("spec", "")),
        say("provenance.events"): str(digests.get("events", "")),
        say("provenance.versions"): ", ".join(
            f"{k} {v}" for k, v in manifest.get("versions", {}).items()
        ),
    }
    rows = int(family.get("rows", 0))
    return {
        "command": command or f"signals run {Path(result.spec.file).name}",
        "known": [(k, v) for k, v in known.items() if v],
        "family": say(
            "provenance.family", rows=say.count(rows, "pair"), window=window_text(*window)
        )
        if rows
        else "",
        "version": str(manifest.get("versions", {}).get("signals", "")),
    }


def meta(result: StudyResult) -> dict[str, Any]:
    """What the page's script needs to know of the study."""
    alpha = result.spec.alpha
    return {
        "unit": "%" if result.spec.quantity == "return" else "",
        "alpha": alpha,
        "level": level(alpha),
        "primary": list(result.spec.primary),
        "window": window_text(*result.spec.primary),
        "main": main_ticker(result),
        "subject": subject_of(result),
        "anchors": event_anchors(result),
        "forecast": bool(result.panel.forecast) if result.panel is not None else False,
    }


def script_words(result: StudyResult, say: Words) -> dict[str, str]:
    """The strings that the script needs; placeholders are filled in there."""
    unit = "" if result.spec.quantity == "return" else "units_"
    keys = {
        "asset": "control.asset", "show": "control.show", "group": "control.group",
        "pair": "control.pair", "filter": "control.filter", "previous": "control.previous",
        "next": "control.next", "none": "control.none", "data": "control.data",
        "tau": "chart.tau", "car": f"chart.{unit}car", "caar": f"chart.{unit}caar",
        "actual": "chart.actual", "expected": "chart.expected", "abnormal": "chart.abnormal",
        "event": "chart.event", "event_label": "control.event", "ordinary": "chart.ordinary",
        "days": "chart.days", "this": "chart.this_event", "specification": "chart.specification",
        "main": "chart.main",
        "session": "column.session", "se": "column.std_error", "p": "column.headline_p_value",
        "test": "column.headline_test", "q": "column.q_value",
        "verdict": "column.calibration_verdict", "interval": "column.ci",
        "detectable": "column.min_detectable", "reason": "column.reason",
        "assets": "column.ticker", "calibrated": "column.calibrated_p_value",
        "headline": "column.headline", "specifications": "chart.specifications",
        "groups": "column.group", "cars": "column.car", "all_pairs": "chart.all_pairs",
        "power": "chart.power", "smallest": "chart.smallest", "effect": "chart.effect",
        "t_test": "test.car_t", "statistic": "column.statistic_name",
    }  # fmt: skip
    if result.spec.intraday:
        keys |= {"tau": "chart.bars", "ordinary": "chart.ordinary_bars", "days": "chart.count_bars"}
    texts = {short: say(key) for short, key in keys.items()}
    length = result.spec.primary[1] - result.spec.primary[0] + 1
    window = window_text(*result.spec.primary)
    one = level(result.spec.alpha)
    event, ticker = "{event}", "{ticker}"
    return {
        **texts,
        "path": say("event.path", ticker=ticker, event=event),
        "forest": say("chart.forest", window=window, level=one),
        "timeline": say("chart.timeline", ticker=ticker),
        "caar_title": say("chart.caar_title", group="{group}"),
        "placebo": say(
            "chart.placebo_bars" if result.spec.intraday else "chart.placebo",
            sessions=say.count(length, "session"),
            ticker=ticker,
            event=event,
        ),
        "power_title": say(
            "chart.power_group", window=window, alpha=percent(result.spec.alpha, digits=0)
        ),
        "power_event": say("chart.power_event", window=window, event=event, ticker=ticker),
        "power_effect": say("chart.power_effect", unit=texts["caar"]),
        "curve": say("chart.specification_curve", event=event, ticker=ticker),
        "rows": say("control.rows", first="{first}", last="{last}", total="{total}"),
        "band": say("chart.band", level=level(result.spec.alpha)),
        "days_of": say("event.days", ticker="{ticker}"),
        "price": say("chart.price", currency="{currency}"),
        "filter_table": say("control.filter_table", table="{table}"),
        "sort": say("control.sort", column="{column}"),
    }
