"""Coverage-guided fuzzing of one target: ``python -m tests.faults.atheris_run TARGET RUNS``.

atheris watches which branches of ``signals`` an input reaches and keeps those that reach new ones.
Exit code 0: nothing found. A finding is printed with its input.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path


def main(name: str, runs: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["signals"], enable_loader_override=False):
        import signals.events.read
        import signals.events.review
        import signals.news.collect
        import signals.news.read
        import signals.news.structured
        import signals.prices.csv_source
        import signals.spec.read
    from tests.faults import fuzz

    assert signals.spec.read
    folder = Path(tempfile.mkdtemp(prefix="signals-atheris-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(fuzz.TARGETS[name][1]):
        (corpus / str(number)).write_bytes(data)
    words = folder / "words"
    words.write_text(
        "".join(f'"{_escaped(w)}"\n' for w in fuzz.NASTY if 0 < len(w) < 60), encoding="ascii"
    )
    signal.signal(signal.SIGPROF, fuzz._alarm)
    # The first use of each reader imports and builds tables: it does not count.
    for data in fuzz.TARGETS[name][1]:
        fuzz.TARGETS[name][0](data, folder)
    fuzz.parse_stamp("a date of no known language in 2024")

    def one(data: bytes) -> None:
        _, finding = fuzz.attempt(name, data, folder)
        if finding is not None:
            print(f"FINDING {name}: {finding.what}: {finding.data[:500]!r}", flush=True)
            raise AssertionError(finding.what)

    options = [
        f"-atheris_runs={runs}", f"-dict={words}", "-max_len=4096", "-rss_limit_mb=1024",
        "-timeout=10", "-seed=1", "-print_final_stats=0", "-verbosity=0", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(
        chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02x}" for c in word
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
