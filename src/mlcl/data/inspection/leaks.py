"""Checks across splits: what is in two of them, so that test scores flatter."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from mlcl.data.corpus import Corpus, Split
from mlcl.data.inspection.measures import videos_of
from mlcl.data.inspection.result import Finding

_LONG = 5  # words; shorter texts occur twice by chance
_NUMBERED = re.compile(r"(dia)?\d*")  # MELD numbers dialogues anew in each split, as others do
_SHOWN = 3  # examples


def check_leaks(corpus: Corpus) -> Iterator[Finding]:
    """Find items, ids, texts, videos and speakers that occur twice."""
    texts = {name: [" ".join(words).lower() for words in split.main.words] for name, split in corpus.splits.items()}
    shared = {text for text, count in Counter(text for part in texts.values() for text in part).items() if count > 1}
    items = {
        name: [_fingerprint(split, item, text) if text in shared else "" for item, text in enumerate(texts[name])]
        for name, split in corpus.splits.items()
    }
    for name, split in corpus.splits.items():
        yield from _twice("id-twice", name, split.ids, "ids occur", "predictions cannot be told apart by id")
        yield from _twice("item-twice", name, items[name], "items occur", "they weigh double")
    for first, second in combinations(corpus.splits, 2):
        yield from _check_pair(corpus, (first, second), texts, items)


def in_two_splits(corpus: Corpus) -> list[str]:
    """One sentence for each pair of splits that share items, text and rows."""
    return [f"{f.place}: {f.text}" for f in check_leaks(corpus) if f.check == "item-in-two-splits"]


def _check_pair(
    corpus: Corpus, pair: tuple[str, str], texts: Mapping[str, Sequence[str]], items: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """What two splits share."""
    first, second = (corpus.splits[name] for name in pair)
    place = " and ".join(pair)
    same = (set(items[pair[0]]) & set(items[pair[1]])) - {""}
    if same:
        names = [name for name, mark in zip(second.ids, items[pair[1]], strict=True) if mark in same]
        text = f"{len(names)} items of {pair[1]} are in {pair[0]} too, text and rows ({_some(names)}); scores on them"
        yield Finding("item-in-two-splits", place, f"{text} say nothing: make new splits")
    ids = set(first.ids) & set(second.ids)
    if ids:
        yield Finding("id-in-two-splits", place, f"{len(ids)} ids occur in both ({_some(ids)})")
    long = {text for text in set(texts[pair[0]]) & set(texts[pair[1]]) if text.count(" ") >= _LONG - 1}
    said = sum(text in long and mark not in same for text, mark in zip(texts[pair[1]], items[pair[1]], strict=True))
    if said:
        yield Finding("text-in-two-splits", place, f"{said} items of {pair[1]} have the text of one of {pair[0]}")
    videos = {name for name in set(videos_of(first)) & set(videos_of(second)) if not _NUMBERED.fullmatch(name)}
    if videos:
        text = f"items of {len(videos)} videos are in both ({_some(videos)}); scores do not hold for new videos"
        yield Finding("video-in-two-splits", place, text)
    speakers = {name for name in set(first.speakers or ()) & set(second.speakers or ()) if name}
    if speakers:
        text = f"items of {len(speakers)} speakers are in both; scores do not hold for new speakers"
        yield Finding("speaker-in-two-splits", place, text)


def _fingerprint(split: Split, item: int, text: str) -> str:
    """Hash of an item's text and rows, or of text and id without rows; empty where no other can be equal."""
    digest = hashlib.sha256(text.encode())
    filled = False
    for segment in split.segments:
        for name, rows in sorted(segment.rows.items()):
            matrix = rows[item]
            filled |= bool(matrix.any())
            digest.update(f"\0{name}{matrix.shape}".encode())
            digest.update(matrix.tobytes())
    if not filled:
        if text.count(" ") < _LONG - 1:
            return ""
        digest.update(f"\0{split.ids[item]}".encode())
    return digest.hexdigest()


def _twice(check: str, place: str, names: Sequence[str], what: str, so: str) -> Iterator[Finding]:
    again = [name for name, count in Counter(names).items() if count > 1 and name]
    if again:
        shown = f" ({_some(again)})" if check == "id-twice" else ""
        yield Finding(check, place, f"{len(again)} {what} more than once{shown}; {so}")


def _some(names: Sequence[str] | set[str]) -> str:
    shown = [ascii(name[:40])[1:-1] for name in sorted(names)[:_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(names) > _SHOWN else [])])
