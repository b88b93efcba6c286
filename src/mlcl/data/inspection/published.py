"""Published data sets: what a file is, or may be, by its hash, sizes and widths."""

from typing import NamedTuple

from mlcl.data.corpus import SPLITS, Corpus

_MMSA = "MMSA's {} of {}"

HASHES: dict[str, str] = {
    "78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524": _MMSA.format("unaligned_50.pkl", "CMU-MOSI"),
    "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9": _MMSA.format("aligned_50.pkl", "CMU-MOSI"),
    "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f": _MMSA.format("unaligned_50.pkl", "CMU-MOSEI"),
    "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791": _MMSA.format("aligned_50.pkl", "CMU-MOSEI"),
    "c9e20c13ec0454d98bb9c1e520e490c75146bfa2dfeeea78d84de047dbdd442f": _MMSA.format("unaligned_39.pkl", "CH-SIMS"),
}
"""SHA-256 of published files, from MMSA's README, and what they are."""


class Release(NamedTuple):
    """One published form of a data set.

    Attributes:
        name: Of the data set and the release.
        recipe: Which recipe fits.
        sizes: Items of train, dev and test; None where they are not on record.
        widths: Columns by kind of rows, as they are read.
    """

    name: str
    recipe: str
    sizes: tuple[int, int, int] | None
    widths: dict[str, int]


def _senses(acoustic: int, visual: int) -> dict[str, int]:
    return {"acoustic": acoustic, "visual": visual}


_HKT = {"acoustic": 60, "visual": 36, "hcf": 4}  # chosen of 81 and 91

RELEASES: tuple[Release, ...] = (
    Release("CMU-MOSI as MAG released it", "mosi", (1281, 229, 685), _senses(74, 47)),
    Release("CMU-MOSEI as MAG released it", "mosei", (16265, 1869, 4643), _senses(74, 35)),
    Release("CMU-MOSI as MMSA released it", "mosi", (1284, 229, 686), _senses(5, 20)),
    Release("CMU-MOSEI as MMSA released it", "mosei", (16326, 1871, 4659), _senses(74, 35)),
    Release("CH-SIMS as MMSA released it", "mosi", (1368, 456, 457), _senses(33, 709)),
    Release("CH-SIMS v2 (supervised part)", "mosi", (2722, 647, 1034), _senses(25, 177)),
    Release("CMU-MOSI as MulT released it", "mosi", None, _senses(5, 20)),
    Release("CMU-MOSEI as MulT released it", "mosei", None, _senses(74, 35)),
    Release("UR-FUNNY as HKT released it", "ur_funny", (7614, 980, 994), _HKT),
    Release("MUStARD as HKT released it", "mustard", (539, 68, 68), _HKT),
    Release("UR-FUNNY or MUStARD as MultiBench released it", "ur_funny", None, _senses(81, 371)),
)


def identify(corpus: Corpus) -> tuple[list[str], list[Release]]:
    """Return what a corpus is or may be, in sentences, and the releases that fit best, likeliest first."""
    if corpus.sha256 in HASHES:
        known = HASHES[corpus.sha256]
        named = [release for release in RELEASES if release.sizes and known.endswith(f" of {release.name.split()[0]}")]
        return [f"It is {known}: its SHA-256 is the published one."], named
    sizes = tuple(len(corpus.splits[name]) if name in corpus.splits else 0 for name in SPLITS)
    widths = corpus.widths()
    same_widths = [release for release in RELEASES if release.widths.items() <= widths.items()]
    both = [release for release in same_widths if release.sizes == sizes]
    if both:
        text = "It has the sizes and the numbers of columns of {}, which is likely but no proof: no hash is on record."
        return [text.format(release.name) for release in both], both
    same_sizes = [release for release in RELEASES if release.sizes == sizes]
    sentences = [
        f"It has the sizes of {release.name}, but other features: {_columns(widths)} instead of "
        f"{_columns(release.widths)}."
        for release in same_sizes
    ]
    if same_widths and not same_sizes:
        names = " or ".join(release.name for release in same_widths)
        text = f"It has the numbers of columns of {names}, but not the sizes: a part, another release, or new splits."
        sentences.append(text)
    return sentences, same_sizes or same_widths


def _columns(widths: dict[str, int]) -> str:
    return ", ".join(f"{name} {width}" for name, width in sorted(widths.items())) or "none"
