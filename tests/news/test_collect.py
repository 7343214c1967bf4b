"""The whole way: several languages into one event, hostile text, tables of the user's own."""

from __future__ import annotations

import csv
import shutil
import time
from pathlib import Path

import pytest

from signals.errors import DataError, SpecError
from signals.events.read import read_catalogue
from signals.news.article import Article
from signals.news.collect import collect
from signals.news.files import collect_files
from signals.news.lexicon import Lexicon, load_lexicon

STORY = {
    "en.txt": "Meta is in talks to invest more than $10 billion in Scale AI.",
    "hi.txt": "मेटा स्केल एआई में 10 अरब डॉलर से अधिक के निवेश के लिए बातचीत कर रहा है।",
    "ar.txt": "تجري ميتا محادثات لاستثمار أكثر من 10 مليارات دولار في سكيل إيه آي.",
    "es.txt": "Meta negocia una inversión de más de 10.000 millones de dólares en Scale AI.",
}


def test_one_story_in_four_languages_is_one_event(lexicon: Lexicon) -> None:
    articles = [
        Article(t, n, published=f"2025-06-08T1{k}:00:00Z") for k, (n, t) in enumerate(STORY.items())
    ]
    found = collect(articles[::-1], news=lexicon)
    (row,) = found.events.to_dict("records")
    assert (row["subject"], row["category"]) == ("META", "investment_talks")
    assert row["announced_at"] == "2025-06-08T10:00:00Z"  # the first public time
    assert sorted(row["source"].split("; ")) == sorted(STORY)
    again = collect(articles, found.events, news=lexicon)
    assert (again.added, again.changed) == ((), ())


def test_hostile_text_stays_text(tmp_path: Path, news: Path) -> None:
    evil = '=HYPERLINK("http://x","Meta")\u202e\x1b[31m launched a model <script>alert(1)</script>'
    (tmp_path / "a.txt").write_text(f"Published: 2025-07-30\n\n{evil}", encoding="utf-8")
    (tmp_path / "b.txt").write_text(f"{evil} Meta launched a new model today.", encoding="utf-8")
    collect_files([tmp_path], tmp_path / "out" / "events.csv", news=news)
    for file in (tmp_path / "out").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as handle:
            cells = [c for row in csv.reader(handle) for c in row]
        assert not any(c[:1] in {"=", "+", "@", "\t"} for c in cells)
        assert not any(ch in c for c in cells for ch in ("\x1b", "\u202e", "\x00"))


def test_files_keep_their_old_rows_and_order(tmp_path: Path, news: Path, root: Path) -> None:
    into = tmp_path / "events.csv"
    shutil.copy(root / "configs" / "events" / "meta_ai.csv", into)
    before = read_catalogue([into]).frame
    (tmp_path / "new.txt").write_text(
        "Published: 2025-12-01\n\nMeta launched a model.", encoding="utf-8"
    )
    found = collect_files([tmp_path / "new.txt"], into, news=news)
    lines = into.read_text(encoding="utf-8").splitlines()
    old = (root / "configs" / "events" / "meta_ai.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[: len(old)]] == [
        line.split(",")[0] for line in old
    ]
    assert found.added == ("meta-product-release-2025-12-01",)
    after = read_catalogue([into]).frame
    kept = after.loc[after["event_id"].isin(before["event_id"]), list(before.columns)]
    assert kept.reset_index(drop=True).equals(before)
    first = into.read_bytes()
    collect_files([tmp_path / "new.txt"], into, news=news)
    assert into.read_bytes() == first


def test_reason_codes(lexicon: Lexicon) -> None:
    texts = {
        "unmatched": "A meta-analysis of trials.", "undated": "Meta launched a model.",
        "recalled": "Two years ago Meta bought a startup.",
        "denied": "Meta denied reports that it is in talks to buy a startup.",
        "low_confidence": "Last week Meta launched a model.",
    }  # fmt: skip
    for reason, text in texts.items():
        stamp = "" if reason == "undated" else "2025-07-30"
        found = collect([Article(text, "a", published=stamp)], news=lexicon)
        assert list(found.review["reason"]) == [reason]
        assert len(found.events) == 0


def test_a_language_without_a_table_is_skipped_by_name(lexicon: Lexicon) -> None:
    found = collect([Article("Акции компании резко упали после отчета.", "a.txt")], news=lexicon)
    assert found.skipped[0].source == "a.txt"
    assert "cyrillic" in found.skipped[0].reason


def test_a_user_adds_a_name_and_a_language_without_code(tmp_path: Path, news: Path) -> None:
    folder = tmp_path / "news"
    shutil.copytree(news, folder)
    with (folder / "entities.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[entity]]\nid = "acme"\nname = "Acme"\nticker = "ACME"\nkind = "company"\nnames = ["Acme Corp"]\n'
        )
    german = (folder / "languages" / "en.toml").read_text(encoding="utf-8")
    german = german.replace('code = "en"', 'code = "de"').replace('decimal = "."', 'decimal = ","')
    german = german.replace('"fell" = -1', '"fell" = -1\n"fielen" = -1').replace(
        "market = [", 'market = ["Aktien", '
    )
    german = german.replace(
        "stopwords = [",
        'stopwords = ["die", "von", "um", "der", "und", "nach", "am", "den", "sind", ',
    ).replace("percent = [", 'percent = ["Prozent", ')
    (folder / "languages" / "de.toml").write_text(german, encoding="utf-8")
    text = "Die Aktien von Acme Corp fielen um 12,5 Prozent nach den Zahlen."
    found = collect([Article(text, "a", published="2025-07-30", language="")], news=folder)
    assert list(found.events["subject"]) == ["ACME"]
    assert list(found.claims["stated"]) == [-0.125]
    assert found.readings[0].row["language"] == "de"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('percent = [', 'procent = [', "percent"), ("[values.scale]", "[values.skale]", "scale"),
        ('code = "en"', "", "code"), ('code = "en"', 'code = ', "TOML"),
    ],
)  # fmt: skip
def test_a_broken_table_is_the_users_mistake(
    tmp_path: Path, news: Path, old: str, new: str, problem: str
) -> None:
    folder = tmp_path / "news"
    shutil.copytree(news, folder)
    file = folder / "languages" / "en.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SpecError, match=problem):
        load_lexicon(folder)


def test_events_go_into_csv_only(tmp_path: Path, news: Path) -> None:
    (tmp_path / "a.txt").write_text("Meta did it.", encoding="utf-8")
    with pytest.raises(DataError, match="CSV"):
        collect_files([tmp_path / "a.txt"], tmp_path / "events.parquet", news=news)


def test_long_and_odd_texts_are_read_in_time(lexicon: Lexicon) -> None:
    odd = [
        "(" * 5000 + "Meta",
        "1," * 20_000,
        "Meta " * 30_000,
        "$" * 9000 + " Meta fell",
        "a" * 150_000,
    ]
    begin = time.process_time()
    found = collect([Article(t, str(k)) for k, t in enumerate(odd)], news=lexicon)
    assert time.process_time() - begin < 30
    assert len(found.readings) + len(found.skipped) == len(odd)
