"""How a report writes metrics, numbers and systems."""

import re

from mlcl.evaluate.direction import HIGHER_IS_BETTER
from mlcl.evaluate.significance import Interval
from mlcl.report.evidence import SystemRecord

TITLES = {
    "mse": "MSE", "mae": "MAE", "corr": "Corr", "mae_nonzero": "MAE y≠0", "corr_nonzero": "Corr y≠0",
    "acc7": "Acc7", "acc5": "Acc5", "acc2_has0": "Acc2 has0", "f1_has0": "F1 has0", "acc2_non0": "Acc2 non0",
    "f1_non0": "F1 non0", "cross_entropy": "Cross-entropy",
    "calibrated_cross_entropy": "Calibrated cross-entropy", "accuracy": "Accuracy", "f1_weighted": "F1 weighted",
    "f1_macro": "F1 macro", "precision": "Precision", "recall": "Recall", "auroc": "AUROC", "ece": "ECE",
    "acc2_sims": "Acc2 SIMS", "f1_sims": "F1 SIMS", "acc3_sims": "Acc3 SIMS", "acc5_sims": "Acc5 SIMS",
}  # fmt: skip
NOTHING, MINUS = "\u2013", "\u2212"


def title(metric: str) -> str:
    """What people call a metric."""
    return TITLES.get(metric, metric)


def arrow(metric: str) -> str:
    """The metric's name with an arrow towards better."""
    return f"{title(metric)} {'↑' if metric in HIGHER_IS_BETTER else '↓'}"


def digits(value: float | None, *, signed: bool = False) -> str:
    """Three decimals with a real minus sign; a dash for an undefined value."""
    if value is None or value != value:
        return NOTHING
    text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return (text if float(text) else "0.000").replace("-", MINUS)


def bounds(interval: Interval, *, signed: bool = False) -> str:
    """The interval in brackets."""
    return f"[{digits(interval.low, signed=signed)}, {digits(interval.high, signed=signed)}]"


def minus(text: str) -> str:
    """A sentence with real minus signs before its numbers."""
    return re.sub(r"(?<=[\s\[])-(?=\d)", MINUS, text)


def p_text(value: float) -> str:
    """A p-value; small ones as a bound."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def marks(system: SystemRecord) -> list[str]:
    """What a reader must know of a system before comparing it."""
    named = {"text only": system.is_text, "reproduction": system.is_reproduction, "adaptation": system.is_adaptation}
    return [mark for mark, holds in named.items() if holds]


def class_label(name: str) -> str:
    """The name or number of a class where there is little room: cut, with a real minus sign before a number."""
    text = "".join(sign if sign.isprintable() else " " for sign in name).strip()
    return minus(f" {text if len(text) <= 18 else f'{text[:17]}…'}").strip()


def listed(words: list[str]) -> str:
    """Words as an English list."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def several(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def size(number: float) -> str:
    """Bytes in the unit that people read."""
    for unit in ("B", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
