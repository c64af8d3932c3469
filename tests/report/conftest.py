"""What the tests of reports share."""

from __future__ import annotations

import pytest
from scoring_builders import an_evaluation

from regtrack.scoring.evaluation import Evaluation


@pytest.fixture
def evaluation() -> Evaluation:
    return an_evaluation()
