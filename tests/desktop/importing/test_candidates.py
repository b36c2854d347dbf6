from pathlib import Path

import numpy as np
import tifffile

from cartocell_app.desktop.importing.candidates import (
    channel_in_words,
    found_in_words,
    look_at,
    obstacle,
    rows_like,
    voxel_in_words,
    with_choice,
)

from .conftest import SHAPE, VOXEL, one_channel, two_channels


def test_a_stack_that_leaves_no_choice(tmp_path: Path):
    (found,) = look_at(one_channel(tmp_path / "7d.4C.8_2.tif"))
    assert (found.name, found.day, found.condition) == ("7d.4C.8_2", "7 d", "4C")
    assert found_in_words(found) == "6 slices of 24 × 20 · TIFF"
    assert channel_in_words(found) == "the only one"
    assert voxel_in_words(found.voxel_size) == "0.7 × 0.62 × 0.62 (ImageJ tag)"
    assert obstacle([found]) == ""
    sample = found.new_sample()
    assert (sample.scene, sample.channel, sample.time, sample.channel_name) == (None, None, None, None)
    assert sample.shape == SHAPE
    assert sample.voxel_size == VOXEL


def test_several_channels_must_be_chosen_from(tmp_path: Path):
    (found,) = look_at(two_channels(tmp_path / "a.ome.tif"))
    assert "2 channels" in found_in_words(found)
    assert "several channels" in obstacle([found])
    (chosen,) = with_choice([found], [0], channel=1)
    assert obstacle([chosen]) == ""
    assert (chosen.new_sample().channel, chosen.new_sample().channel_name) == (1, "Bcat")


def test_time_points_can_be_chosen(tmp_path: Path):
    tifffile.imwrite(tmp_path / "t.ome.tif", np.zeros((3, *SHAPE), np.uint8), metadata={"axes": "TZYX"}, ome=True)
    (found,) = look_at(tmp_path / "t.ome.tif")
    assert "3 time points" in found_in_words(found)
    (chosen,) = with_choice([found], [0], time=2)
    assert chosen.new_sample().time == 2


def test_each_scene_of_a_file_is_a_row(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "many.ome.tif", ome=True) as writer:
        for name in ("7d first", "second"):
            writer.write(np.zeros(SHAPE, np.uint8), metadata={"axes": "ZYX", "Name": name}, photometric="minisblack")
        writer.write(np.zeros(SHAPE[1:], np.uint8), metadata={"axes": "YX"}, photometric="minisblack")
    found = look_at(tmp_path / "many.ome.tif")
    assert [candidate.new_sample().scene for candidate in found[:2]] == [0, 1]
    assert found[0].name == "many 7d first"
    assert found[0].day == "7 d"
    assert [candidate.is_ticked for candidate in found] == [True, True, False]
    assert "2D" in found[2].problem


def test_bad_files_say_why_and_stay_out(lab: Path):
    for name in ("broken.tif", "plane.tif"):
        (found,) = look_at(lab / name)
        assert found.problem
        assert found_in_words(found) == found.problem
        assert not found.is_ticked
        assert not with_choice([found], [0], is_ticked=True)[0].is_ticked
    assert obstacle(look_at(lab / "broken.tif")) == "Tick at least one stack."


def test_stacks_with_the_same_channels_are_alike(lab: Path):
    candidates = [one for path in sorted(lab.iterdir()) for one in look_at(path)]
    names = [candidate.name for candidate in candidates]
    row = names.index("control_10d.1B_1")
    alike = rows_like(candidates, row, lambda candidate: candidate.channels)
    assert [names[number] for number in alike] == ["control_10d.1B_1", "control_10d.1B_2"]


def test_an_unknown_voxel_size_is_no_obstacle_to_looking(tmp_path: Path):
    (found,) = look_at(one_channel(tmp_path / "a.tif", None))
    assert found.voxel_size is None
    assert "needed before measuring" in voxel_in_words(None)
    assert obstacle([found]) == ""
