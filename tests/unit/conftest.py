"""Tiny encoders take the fast way too: it is what these tests are about."""

import pytest

from mlcl.encode.text import TextBackbone


@pytest.fixture(autouse=True)
def _fast_for_every_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextBackbone, "PAYS_FROM", 0)
