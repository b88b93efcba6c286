"""Multi-level contrast: InfoNCE, views, and the three levels, usable with any encoder."""

from mlcl.contrast.correlation import CorrelationContrast, label_distance, sample_triplets
from mlcl.contrast.info_nce import info_nce
from mlcl.contrast.levels import (
    BiModalContrast,
    TriModalContrast,
    UniModalContrast,
    bi_modal_terms,
    tri_modal_terms,
    uni_modal_terms,
)
from mlcl.contrast.temperature import Temperature
from mlcl.contrast.views import DropoutView

__all__ = [
    "BiModalContrast",
    "CorrelationContrast",
    "DropoutView",
    "Temperature",
    "TriModalContrast",
    "UniModalContrast",
    "bi_modal_terms",
    "info_nce",
    "label_distance",
    "sample_triplets",
    "tri_modal_terms",
    "uni_modal_terms",
]
