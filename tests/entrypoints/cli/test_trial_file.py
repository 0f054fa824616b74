"""A file of trials keeps what was run, forgives a torn last line, and knows its own question."""

from pathlib import Path

import pytest

from alphaloop.core.errors import ConflictError
from alphaloop.engine.optimise import Trial
from alphaloop.entrypoints.cli.trial_file import TrialFile

TRIALS = [Trial(number, {"fast": number}, {"sharpe": 0.1 * number}) for number in range(3)]
QUESTION = {"key": "trend/golden_cross", "seed": 1}


def test_what_was_written_is_there_again_but_for_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    first = TrialFile(path, QUESTION)
    first.add(TRIALS[:2])
    first.close()
    path.write_text(path.read_text() + '{"number": 2, "poi')
    again = TrialFile(path, QUESTION)
    assert again.trials == TRIALS[:2]
    again.add(TRIALS[2:])
    again.close()
    assert TrialFile(path, QUESTION).trials == TRIALS


def test_another_question_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    file = TrialFile(path, QUESTION)
    file.add(TRIALS)
    file.close()
    before = path.read_text()
    with pytest.raises(ConflictError) as refusal:
        TrialFile(path, QUESTION | {"seed": 2})
    assert (refusal.value.code, path.read_text()) == ("another_search", before)
