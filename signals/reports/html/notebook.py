"""What a result shows in a notebook: the findings in sentences and the CARs of the subjects."""

from __future__ import annotations

from html import escape

from signals.reports.figures.series import subject_of, window_rows
from signals.reports.html import columns
from signals.reports.html.grids import grid, shown
from signals.reports.prose.moves import findings, lead
from signals.reports.prose.numbers import window_text
from signals.reports.prose.words import ENGLISH_WORDS
from signals.reports.result import StudyResult

MOST_ROWS = 20


def notebook(result: StudyResult) -> str:
    """HTML of one result, everything escaped; at most 20 rows."""
    say = ENGLISH_WORDS
    subject = subject_of(result)
    own = [f for key, f in findings(result, say=say).items() if subject.get(key[0]) == key[1]]
    rows = window_rows(result.car, result.spec.primary)
    mine = [subject.get(str(e)) == t for e, t in zip(rows["event_id"], rows["ticker"], strict=True)]
    shown_columns = ["event_id", *columns.NEIGHBOURS]
    title = say("compare.cars", window=window_text(*result.spec.primary))
    table = grid("", title, rows[mine], shown_columns, say, quantity=result.spec.quantity)
    head = "".join(f"<th scope='col'>{escape(label)}</th>" for _, label, _ in table.columns)
    kinds = [kind for _, _, kind in table.columns]
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(shown(v, k))}</td>" for v, k in zip(row, kinds, strict=True))
        + "</tr>"
        for row in table.rows[:MOST_ROWS]
    )  # fmt: skip
    sentences = "".join(f"<li dir='auto'>{escape(f.sentence)}</li>" for f in own[:MOST_ROWS])
    start = "".join(f"<p>{escape(line)}</p>" for line in lead(result, say))
    return (
        f"<section><h3 dir='auto'>{escape(result.spec.title or result.spec.id)}</h3>{start}"
        f"<ul>{sentences}</ul><table><caption>{escape(table.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>"
    )
