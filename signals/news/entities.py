"""Who an article is about: names in any script, with rules for names that mean other things.

A strong name counts where it stands, unless the word after or before it says otherwise, or a
sentence holds a word of ``against``. In scripts with capitals a name needs its capital. A weak
name (Apple, Gemini, Scale) also needs a strong name of the same entity in the article, or a word
of ``context`` in its own or a neighbouring sentence. Checked by ``tests/news/test_entities.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from signals.news.lexicon import Entity, Lexicon
from signals.news.parse import Parsed, Sentence
from signals.news.terms import Hit
from signals.news.text import Token

TITLE_WEIGHT: Final = 3.0
OPENING_WEIGHT: Final = 2.0
PRODUCT_WEIGHT: Final = 0.5
MODIFIER_WEIGHT: Final = 0.2


class Mention(NamedTuple):
    """One mention: the entity, its tokens, and how it was named (strong, weak, product)."""

    entity: str
    first: int
    last: int
    start: int
    end: int
    how: str


class Role(NamedTuple):
    """An entity of an article with its role: subject, counterparty, supplier, rival, sector or
    mentioned; ``weight`` grows with title, opening and repetition."""

    entity: Entity
    role: str
    weight: float


def mentions(parsed: Parsed, lexicon: Lexicon) -> list[Mention]:
    """All mentions that stand up to the rules, in order."""
    strong: list[Mention] = []
    weak: list[Mention] = []
    for hit in parsed.names:
        for group, entity_id in hit.payloads:
            entity = lexicon.entities[entity_id]
            if not _allowed(parsed, hit, entity):
                continue
            mention = Mention(entity_id, hit.first, hit.last, hit.start, hit.end, group)
            (weak if group == "weak" else strong).append(mention)
    sure = {m.entity for m in strong if m.how == "strong"}
    twice = {m.first for m in weak if sum(o.first == m.first for o in weak) > 1}
    kept = [
        m
        for m in weak
        if m.entity in sure
        or _has_context(parsed, m)
        or (m.first not in twice and _beside_company(parsed, m, strong, lexicon))
    ]
    kept = _one_reading(kept, sure)
    named = {m.entity for m in (*strong, *kept) if m.how != "product"}
    # A product speaks for its maker only where nobody is named, or the maker is.
    made = [m for m in strong if m.how != "product" or not named or m.entity in named]
    return sorted([*made, *kept], key=lambda m: m.first)


def _allowed(parsed: Parsed, hit: Hit, entity: Entity) -> bool:
    if not _capitalised(parsed, hit):
        return False
    tokens = parsed.tokens
    if _phrase_in(tokens, hit.last + 1, entity.not_next, parsed):
        return False
    if hit.first and tokens[hit.first].joined and tokens[hit.first - 1].text in entity.not_before:
        return False
    if _compound(parsed, hit):
        return False
    if entity.kind == "index" and parsed.text[hit.end : hit.end + 1] == ":":
        return False  # "(NASDAQ: AAPL)" names a listing, not the index
    sentence = parsed.sentence_at(hit.first)
    clues = parsed.within(parsed.clues, sentence.first, sentence.last)
    return not any(
        ("against", entity.id) in c.payloads and not _inside(c, hit, parsed) for c in clues
    )


def _inside(clue: Hit, hit: Hit, parsed: Parsed) -> bool:
    return clue.first >= hit.first and clue.last <= hit.last


def _phrase_in(tokens: list[Token], at: int, phrases: frozenset[str], parsed: Parsed) -> bool:
    """Whether one of ``phrases`` stands at token ``at``, joined to what is before it."""
    if at >= len(tokens) or not tokens[at].joined or not phrases:
        return False
    forms = parsed.language.forms
    if any(f in phrases for f in forms(tokens[at].text)):
        return True
    longest = " ".join(t.text for t in tokens[at : at + 4])
    return any(" " in p and longest.startswith(p) for p in phrases)


def _capitalised(parsed: Parsed, hit: Hit) -> bool:
    """A Latin name begins with a capital (or is written with one inside, like xAI)."""
    written = parsed.text[hit.start : hit.end]
    letters = [c for c in written if c.isalpha()]
    if not letters or not letters[0].isascii():
        return True
    if " " in written.strip():
        return written[0].isupper() or written[0].isdigit()
    return any(c.isupper() for c in written)  # xAI


def _compound(parsed: Parsed, hit: Hit) -> bool:
    """ "Meta-analysis", "meta-llama": a hyphen glued to a small letter makes another word; an
    address or a handle (meta.com, @meta) is no mention either."""
    after = parsed.text[hit.end : hit.end + 2]
    before = parsed.text[max(0, hit.start - 1) : hit.start]
    if before in {"@", "#", ".", "/"} and parsed.text[hit.start].islower():
        return True
    if after[:1] == "-" and after[1:2].islower() and after[1:2].isascii():
        word = parsed.text[hit.end + 1 : hit.end + 14].split()[0].rstrip(".,;:")
        return word not in {"owned", "led", "backed", "linked", "related", "built", "made"}
    return False


def _has_context(parsed: Parsed, mention: Mention) -> bool:
    sentence = parsed.sentence_at(mention.first)
    near = parsed.sentences[max(0, sentence.number - 1) : sentence.number + 2]
    clues = parsed.within(parsed.clues, near[0].first, near[-1].last)
    return any(
        ("context", mention.entity) in c.payloads
        and not (c.first >= mention.first and c.last <= mention.last)
        for c in clues
    )


def _beside_company(
    parsed: Parsed, mention: Mention, strong: list[Mention], lexicon: Lexicon
) -> bool:
    """Another company is named in the same sentence: "a bid by Oracle" beside ByteDance."""
    if not lexicon.entities[mention.entity].context:
        return False
    sentence = parsed.sentence_at(mention.first)
    return any(
        m.how == "strong"
        and m.entity != mention.entity
        and lexicon.entities[m.entity].kind == "company"
        and sentence.first <= m.first < sentence.last
        for m in strong
    )


def _one_reading(weak: list[Mention], sure: set[str]) -> list[Mention]:
    """A weak name of two entities (Gemini) is the one that is named strongly, else the first."""
    kept: dict[int, Mention] = {}
    for mention in weak:
        other = kept.get(mention.first)
        if other is None or (mention.entity in sure and other.entity not in sure):
            kept[mention.first] = mention
    return list(kept.values())


def roles(parsed: Parsed, found: list[Mention], lexicon: Lexicon, category: str) -> list[Role]:
    """Entities by weight; the first is the subject, the others by words and category."""
    weights: dict[str, float] = {}
    first_place: dict[str, int] = {}
    named = {m.entity for m in found if m.how != "product"}
    opening = _opening(parsed)
    for mention in found:
        sentence = parsed.sentence_at(mention.first)
        weight = _place_weight(sentence, opening)
        if is_modifier(parsed, mention):
            weight *= MODIFIER_WEIGHT
        if mention.how == "product":
            weight *= PRODUCT_WEIGHT if mention.entity in named else 0.9
        weights[mention.entity] = weights.get(mention.entity, 0.0) + weight
        if not is_modifier(parsed, mention):
            first_place.setdefault(mention.entity, mention.first)
    last = len(parsed.tokens)
    first_place = {e: first_place.get(e, last) for e in weights}
    order = sorted(
        weights, key=lambda e: (-_subject_score(e, weights, first_place, lexicon), first_place[e])
    )
    return [
        Role(
            lexicon.entities[e],
            "subject" if k == 0 else _role(parsed, e, order[0], found, lexicon, category),
            weights[e],
        )
        for k, e in enumerate(order)
    ]


def is_modifier(parsed: Parsed, mention: Mention) -> bool:
    """ "Meta rival Snap", "Nvidia supplier Micron": the first name only describes the second."""
    at = mention.last + 1
    at += at < len(parsed.tokens) and parsed.tokens[at].text == "s"
    near = parsed.within(parsed.words, at, at + 1)
    return any(h.get("rival") or h.get("supplier") for h in near)


def _opening(parsed: Parsed) -> int:
    body = [s.number for s in parsed.sentences if not s.title]
    return body[0] if body else 0


def _place_weight(sentence: Sentence, opening: int) -> float:
    if sentence.title:
        return TITLE_WEIGHT
    return OPENING_WEIGHT if sentence.number == opening else 1.0


def _subject_score(
    entity: str, weights: dict[str, float], first_place: dict[str, int], lexicon: Lexicon
) -> float:
    """Weight, with the first name of the article ahead; sectors and indices behind companies."""
    score = weights[entity]
    if first_place[entity] == min(first_place.values()):
        score += 1.2
    if lexicon.entities[entity].kind == "company":
        return score
    return score * (0.9 if first_place[entity] == min(first_place.values()) else 0.5)


def _role(
    parsed: Parsed, entity: str, subject: str, found: list[Mention], lexicon: Lexicon, category: str
) -> str:
    if lexicon.entities[entity].kind in {"sector", "index", "token"}:
        return "sector"
    numbers = {parsed.sentence_at(m.first).number for m in found if m.entity == entity}
    with_subject = {parsed.sentence_at(m.first).number for m in found if m.entity == subject}
    groups: set[str] = set()
    for number in numbers:
        sentence = parsed.sentences[number]
        for hit in parsed.within(parsed.words, sentence.first, sentence.last):
            groups.update(group for group, _ in hit.payloads)
    shared = numbers & with_subject
    if "rival" in groups:
        return "rival"
    if "supplier" in groups and shared:
        return "supplier"
    if category in {"deal", "investment_talks", "partnership"} and shared:
        return "counterparty"
    return "mentioned"
