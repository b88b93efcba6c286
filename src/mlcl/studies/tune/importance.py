"""How much each setting mattered among the trials, in numbers."""

import optuna
from optuna.importance import FanovaImportanceEvaluator

from mlcl.studies.tune.trials import TuneStudy

FEWEST = 4  # complete trials below which shares mean nothing


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
