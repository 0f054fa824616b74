"""Every note has a sentence, and survives being stored as JSON."""

import string

import pytest

from alphaloop.engine import notes
from alphaloop.engine.notes import CODES, Note, note_rows, sentence_of


def params_of(code: str) -> dict[str, float]:
    return {name: 3 for _, name, _, _ in string.Formatter().parse(notes._SENTENCES[code]) if name}


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_note_reads_as_a_sentence_before_and_after_it_was_stored(code: str) -> None:
    note = Note(code, params_of(code))
    text = str(note)
    assert text.endswith(".")
    assert "{" not in text
    assert [sentence_of(row) for row in note_rows([note])] == [text]


def test_a_report_of_before_is_read_as_it_was_written() -> None:
    assert sentence_of("Some bars have only a close.") == "Some bars have only a close."
