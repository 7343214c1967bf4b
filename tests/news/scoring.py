"""Precision and recall per field on a labelled set; shared by the tests and by hand."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signals.news.article import Article
from signals.news.collect import collect

ROOT = Path(__file__).resolve().parents[2]
NEWS = ROOT / "configs" / "news"
SURE = 0.8


@dataclass
class Score:
    """Counts of one field over a set."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)

    def add(self, item: str, expected: list[Any], found: list[Any]) -> None:
        want, have = Counter(expected), Counter(found)
        both = sum((want & have).values())
        self.right += both
        self.wrong += sum(have.values()) - both
        self.missed += sum(want.values()) - both
        if want != have:
            self.notes.append(f"{item}: expected {sorted(want)}, found {sorted(have)}")


def score(file: Path) -> tuple[dict[str, Score], list[str]]:
    """Scores by field, and the items whose date is wrong although the tool was sure."""
    items = tomllib.loads(file.read_text(encoding="utf-8"))["item"]
    articles = [
        Article(
            i["text"],
            i["id"],
            published=i.get("published", ""),
            published_by="page" if i.get("published") else "",
        )
        for i in items
    ]
    collected = collect(articles, news=NEWS)
    assert not collected.skipped, collected.skipped
    scores = {
        f: Score()
        for f in ("language", "entity", "subject", "category", "date", "reason", "claims")
    }
    surely_wrong = []
    for item, reading in zip(items, collected.readings, strict=True):
        name, row = item["id"], reading.row
        scores["language"].add(name, [item.get("language", name[:2])], [row["language"]])
        scores["entity"].add(name, item["entities"], [r.entity.id for r in reading.roles])
        if item["entities"]:
            found = [reading.roles[0].entity.id] if reading.roles else []
            scores["subject"].add(name, [item.get("subject", item["entities"][0])], found)
        if "category" in item:
            scores["category"].add(name, [item["category"]], [row["category"]])
        if "day" in item:
            day = _day(row, reading)
            scores["date"].add(name, [item["day"]], [day] if day else [])
            if day and day != item["day"] and reading.confidence >= SURE:
                surely_wrong.append(f"{name}: {day} instead of {item['day']}")
        allowed = item["reason"].split(" ") if item["reason"] else [""]
        scores["reason"].add(
            name, [reading.reason if reading.reason in allowed else allowed[0]], [reading.reason]
        )
        claims = [
            f"{c['ticker']} {c['metric']} {c['stated']:.3g}"
            for c in reading.claims
            if c["metric"] != "company_figure"
        ]
        expected = [_claim(c) for c in item["claims"]]
        scores["claims"].add(name, expected, claims)
    return scores, surely_wrong


def _claim(text: str) -> str:
    ticker, metric, stated = text.split(" ")
    return f"{ticker} {metric} {float(stated):.3g}"


def _day(row: dict[str, Any], reading: Any) -> str:
    """The day in the market's zone."""
    if not row["announced_at"]:
        return ""
    if row["precision"] == "day":
        return str(row["announced_at"])
    import pandas as pd

    return pd.Timestamp(row["announced_at"]).tz_convert("America/New_York").date().isoformat()


def shown(scores: dict[str, Score]) -> str:
    """The table that the test run prints."""
    lines = [
        f"{'field':<10} {'precision':>9} {'recall':>7} {'F1':>6} {'right':>6} {'wrong':>6} {'missed':>6}"
    ]
    for name, s in scores.items():
        lines.append(
            f"{name:<10} {s.precision:9.3f} {s.recall:7.3f} {s.f1:6.3f} {s.right:6d} {s.wrong:6d} {s.missed:6d}"
        )
    return "\n".join(lines)
