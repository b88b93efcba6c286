"""Which metrics are better when higher, and which of them decides."""

HIGHER_IS_BETTER = {
    "corr", "corr_nonzero", "acc7", "acc5", "acc2_has0", "f1_has0", "acc2_non0", "f1_non0",
    "acc2_sims", "f1_sims", "acc3_sims", "acc5_sims",
    "accuracy", "f1_weighted", "f1_macro", "precision", "recall", "auroc",
}  # fmt: skip

DEFAULT_SELECTION = {"regression": "mae", "classification": "calibrated_cross_entropy"}
"""Dev metric that chooses the epoch; plain cross-entropy measures by and large how sure a network has become."""

MAIN_METRIC = {"regression": "mae", "classification": "accuracy"}
"""Metric that a report compares systems on."""
