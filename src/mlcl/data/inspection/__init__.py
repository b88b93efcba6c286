"""What is in a corpus, what may be wrong with it, and what it probably is."""

from mlcl.data.inspection.account import inspect_corpus
from mlcl.data.inspection.result import CHECKS, Finding, Inspection

__all__ = ["CHECKS", "Finding", "Inspection", "inspect_corpus"]
