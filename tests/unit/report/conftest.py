"""Two small studies and their reports, made once."""

import pytest

from made_report import Made, make


@pytest.fixture(scope="session")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Four systems, three seeds; one run failed and two are missing, one system has no run at all."""
    return make(
        tmp_path_factory.mktemp("regression") / "study",
        systems=["mlcl", "late_fusion", "text", "hkt", "lfmim"],
        failed=[("hkt", 2), ("lfmim", 1)],
        missing=[("hkt", 3), ("lfmim", 2), ("lfmim", 3)],
        embeddings=True,
    )


@pytest.fixture(scope="session")
def classification(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two systems without the text-only one; words are shown."""
    return make(
        tmp_path_factory.mktemp("classification") / "study",
        words=True,
        task="classification",
        recipe="mustard",
        items=40,
        seeds=(1, 2),
        epochs=2,
        systems=["mlcl", "hkt"],
    )
