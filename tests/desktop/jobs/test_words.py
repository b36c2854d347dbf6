from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cartocell_app.desktop.jobs.events import LineReader, Progress
from cartocell_app.desktop.jobs.view import JobView, time_left_in_words
from cartocell_app.desktop.jobs.words import doing_in_words, duration_in_words, step_in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (3, "less than a minute left"),
        (50, "about 1 min left"),
        (251, "about 4 min left"),
        (5400, "about 1.5 h left"),
        (40_000, "about 11 h left"),
    ],
)
def test_time_left(seconds: float | None, words: str):
    assert time_left_in_words(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.31, "0.3 s"), (42, "42 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds: float, words: str):
    start = datetime.now(UTC)
    assert duration_in_words(start, start + timedelta(seconds=seconds)) == words


def test_a_job_in_words():
    progress = Progress("Network", "7d.4C.9_1", 11.4, 60, 251)
    view = JobView(1, "Segment 60 cysts", ("segment", "x"), Path(), "running", progress=progress)
    assert doing_in_words(view) == "Segmenting 12 of 60"
    assert step_in_words(view) == "7d.4C.9_1 · Network · about 4 min left"


def test_lines_come_whole_however_they_are_cut():
    whole = "Año\r\nprüfung\nend".encode()
    for cut in range(len(whole)):
        reader = LineReader()
        lines = reader.feed(whole[:cut]) + reader.feed(whole[cut:]) + reader.finish()
        assert lines == ["Año", "prüfung", "end"]


def test_a_line_without_end_does_not_fill_the_memory():
    reader = LineReader()
    assert sum(len(line) for _ in range(30) for line in reader.feed(b"x" * 100_000)) > 1_000_000
