from collections import Counter

import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.project.project import Project
from cartocell_app.project.sample_project import make_sample_project
from cartocell_app.resources import SAMPLE_PROJECT
from cartocell_app.stacks.reading import read_labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_sample_project(tmp_path_factory.mktemp("sample") / "Sample.cartocell")


@pytest.fixture
def project(folder):
    project = Project.open(folder)
    yield project
    project.close()


def test_it_holds_something_for_each_phase_and_says_that_it_is_synthetic(project):
    samples = project.samples()
    assert Counter(sample.role for sample in samples) == {
        "high-resolution": 5, "validation": 2, "low-resolution": 8, "field": 1, "new": 3,
    }  # fmt: skip
    assert "synthetic" in project.name
    assert all(sample.notes.startswith("Synthetic") and "synthetic" in sample.name for sample in samples)
    assert {sample.day for sample in samples} == {"4 d", "7 d", "10 d"}
    assert {sample.condition for sample in samples} == {"control", "hypoxia"}
    assert not any(sample.missing for sample in samples)
    assert all(sample.path.is_relative_to(project.folder) for sample in samples)


def test_labelled_ones_wait_for_a_word_and_those_that_watch_are_accepted(project):
    for sample in project.samples():
        if sample.role in ("high-resolution", "validation"):
            labels, voxel_size = read_labels(sample.labels)
            assert labels.shape == sample.shape
            assert len(np.unique(labels)) - 1 == sample.cells
            assert voxel_size.zyx_um == pytest.approx(sample.voxel_size.zyx_um)
        else:
            assert (sample.state, sample.labels) == ("to do", None)
    assert {sample.state for sample in project.samples() if sample.role == "validation"} == {"accepted"}
    states = [resolve_phase(facts_of(project), number).state for number in (1, 2, 3, 4, 5)]
    assert states == ["in progress", "blocked", "blocked", "blocked", "ready"]


def test_high_resolution_is_finer_than_the_rest(project):
    volumes = {sample.role: np.prod(sample.voxel_size.zyx_um) for sample in project.samples()}
    assert volumes["high-resolution"] < volumes["low-resolution"] / 2
    assert volumes["new"] == volumes["low-resolution"] == volumes["validation"]


def test_one_of_them_has_a_speck_to_be_corrected(project):
    (speckled,) = [sample for sample in project.samples() if "speck" in sample.notes]
    labels, _ = read_labels(speckled.labels)
    assert labels[:5, :6, :6].any()


def test_nothing_is_left_where_it_cannot_be_made(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="something in"):
        make_sample_project(tmp_path / "full")
    with pytest.raises(CancelledError):
        make_sample_project(tmp_path / "stopped", cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_the_command_says_where_it_is(cartocell, tmp_path):
    answer = cartocell("sample-project", "-o", tmp_path / "Sample.cartocell", "--progress", "none")
    assert answer.code == 0
    assert (tmp_path / "Sample.cartocell" / "project.sqlite").is_file()
    assert cartocell("sample-project", "-o", tmp_path / "Sample.cartocell").code == 2


def test_its_stacks_are_small():
    assert sum(path.stat().st_size for path in SAMPLE_PROJECT.rglob("*.tif")) < 2_000_000
