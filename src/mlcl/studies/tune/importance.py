"""How much each setting mattered among the trials, as numbers and as a figure."""

from html import escape

import optuna
from optuna.importance import FanovaImportanceEvaluator

from mlcl.studies.tune.trials import TuneStudy

FEWEST = 4  # complete trials below which shares mean nothing
_LEFT, _WIDTH, _ROW, _RIGHT = 300, 400, 24, 60  # pixels


def importances(study: TuneStudy) -> dict[str, float]:
    """Share of the variance of the dev value that each key explains alone or with others (fANOVA), largest first.

    Pruned and failed trials tell nothing of it. Empty with fewer than four complete trials, or where all are equal.
    """
    values = [trial.value for trial in study.ranked()]
    if len(values) < FEWEST or len(set(values)) == 1:
        return {}
    found = optuna.importance.get_param_importances(
        study.study, evaluator=FanovaImportanceEvaluator(seed=study.seed % 2**32)
    )
    return {key: float(share) for key, share in found.items()}


def importance_svg(shares: dict[str, float], title: str) -> str:
    """A bar per key, as an SVG file that explains itself to a screen reader."""
    height = _ROW * (len(shares) + 2)
    longest = max(shares.values(), default=0.0) or 1.0
    text = "; ".join(f"{key} {share:.0%}" for key, share in shares.items())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" role="img" '
        'aria-labelledby="title desc" font-family="sans-serif" font-size="13">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(text)}</desc>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="12" y="{_ROW * 0.8:g}" font-weight="bold" fill="#1a1a1a">{escape(title)}</text>',
    ]
    for number, (key, share) in enumerate(shares.items(), start=1):
        top, width = _ROW * (number + 0.25), _WIDTH * share / longest
        lines += [
            f'<text x="{_LEFT - 8}" y="{top + 14:g}" text-anchor="end" fill="#1a1a1a">{escape(key)}</text>',
            f'<rect x="{_LEFT}" y="{top:g}" width="{width:.1f}" height="{_ROW - 6}" fill="#0b6e99"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{top + 14:g}" fill="#1a1a1a">{share:.0%}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
