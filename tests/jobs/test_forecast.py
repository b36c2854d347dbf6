from dataclasses import replace
from pathlib import Path

import pytest

from cartocell_app.desktop.importing.segment_words import PROFILES, forecast_in_words, subjects_in_words
from cartocell_app.jobs.cost_words import duration_in_words
from cartocell_app.jobs.forecast import PROVIDERS, Forecast, ModelFacts, Subject, forecast
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation import settings
from cartocell_app.segmentation.budget import Budget
from cartocell_app.segmentation.devices import DeviceReport
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.voxel_size import VoxelSize

CPU = DeviceReport("CPU · 2 threads", "CPUExecutionProvider", True, "", 5.0)
GPU = DeviceReport("RTX (CUDA)", "CUDAExecutionProvider", True, "", 0.1)
OWN_UM = read_card(CPU_MODEL).voxel_size_um
CYST = Subject("a", (100, 100, 100), VoxelSize(*OWN_UM, "test"))


ONCE = read_card(CPU_MODEL).model_copy(update={"second_view_um": None})


def facts(*reports: DeviceReport, needed: int = 10**9, free: int = 8 * 10**9) -> ModelFacts:
    return ModelFacts(Path(), ONCE, reports, needed, free)


def test_time_is_that_of_the_network_at_its_own_voxel_size_and_of_the_rest():
    assert forecast(facts(CPU), "auto", [CYST]).seconds == pytest.approx(2.0 + 5.0 + 0.9)
    half = Subject("b", (100, 100, 100), VoxelSize(*(um / 2 for um in OWN_UM), "test"))
    assert forecast(facts(CPU), "auto", [half] * 8).seconds == pytest.approx(2.0 + 5.0 + 8 * 0.9)


def test_a_second_view_takes_its_time():
    twice = ONCE.model_copy(update={"second_view_um": tuple(um / 2 for um in OWN_UM)})
    known = ModelFacts(Path(), twice, (CPU,), 10**9, 8 * 10**9)
    seconds = {views: forecast(known, "auto", [CYST], views).seconds for views in ("as the model says", 1, 2)}
    assert seconds == {
        "as the model says": pytest.approx(2.0 + 9 * 5.0 + 0.9),
        1: pytest.approx(2.0 + 5.0 + 0.9),
        2: pytest.approx(2.0 + 9 * 5.0 + 0.9),
    }
    assert forecast(facts(CPU), "auto", [CYST], 2).seconds == pytest.approx(2.0 + 2 * 5.0 + 0.9)


def test_tiles_that_overlap_take_their_time_on_a_processor():
    large = Subject("large", (300, 300, 300), CYST.voxel_size)
    plain, cut = facts(CPU, GPU), replace(facts(CPU, GPU), budget=Budget.of(CPU_MODEL, ONCE))
    assert forecast(cut, "cpu", [large]).seconds > 3 * forecast(plain, "cpu", [large]).seconds
    assert forecast(cut, "cuda", [large]).seconds == forecast(plain, "cuda", [large]).seconds
    assert forecast(cut, "cpu", [CYST]).seconds < 1.2 * forecast(plain, "cpu", [CYST]).seconds


def test_the_fastest_device_or_the_one_that_was_chosen():
    assert forecast(facts(CPU, GPU), "auto", [CYST]).seconds == pytest.approx(3.0)
    assert forecast(facts(CPU, GPU), "cpu", [CYST]).seconds == pytest.approx(7.9)


def test_what_is_not_known_is_not_told():
    assert forecast(facts(), "auto", [CYST]).seconds is None
    assert forecast(facts(CPU), "auto", [Subject("c", None, None)]).seconds is None
    assert "not known" in forecast_in_words(Forecast(None, None))


def test_more_memory_than_there_is_means_tiles():
    expected = forecast(facts(CPU, needed=9 * 10**9, free=2 * 10**9), "auto", [CYST])
    assert forecast_in_words(expected) == (
        "Needs a few seconds and 2.0 GB of memory; the largest stack is cut into tiles to fit."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (44, "about 40 s"), (250, "about 4 min"), (9000, "about 2.5 h")],
)
def test_durations(seconds: float, words: str):
    assert duration_in_words(seconds) == words


def test_every_profile_and_device_has_its_words():
    assert set(PROFILES) == set(settings.PROFILES)
    assert set(PROVIDERS.values()) == {"cpu", "cuda", "coreml", "directml"}


def test_what_differs_among_stacks_is_counted():
    one = Subject("a", (9, 9, 9), VoxelSize(0.7, 0.7, 0.7, "test"))
    other = Subject("b", (9, 9, 9), VoxelSize(1, 0.5, 0.5, "test"), "Bcat")
    assert subjects_in_words([one, one]).splitlines()[0] == "Cell outlines channel: the only one."
    assert "0.7 × 0.7 × 0.7 (2), 1 × 0.5 × 0.5 (1)" in subjects_in_words([one, one, other])
