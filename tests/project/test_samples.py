from pathlib import Path

import pytest

from cartocell_app.errors import UserError
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.voxel_size import VoxelSize


def test_a_new_sample_is_told_as_it_was_given(project, lab):
    new = NewSample(
        lab / "raw" / "a.tif", scene="pos 2", channel=1, time=3, voxel_size=VoxelSize(1.5, 0.3, 0.3, "CZI"),
        shape=(40, 512, 600), dtype="uint16", channel_name="Bcat", day="7 d", condition="4C",
        role="low-resolution", name="7d.4C.8_2",
    )  # fmt: skip
    (sample,) = project.add_samples([new])
    assert sample == project.sample(sample.id)
    for field in ("scene", "channel", "time", "voxel_size", "shape", "dtype", "channel_name", "day", "condition"):
        assert getattr(sample, field) == getattr(new, field)
    assert (sample.name, sample.role, sample.state, sample.path) == ("7d.4C.8_2", "low-resolution", "to do", new.path)
    assert not sample.missing
    assert sample.labels is sample.results is sample.cells is sample.content_hash is None


def test_an_unknown_voxel_size_stays_unknown(project, lab):
    (sample,) = project.add_samples([NewSample(lab / "raw" / "a.tif", channel=7)])
    assert sample.voxel_size is None


def test_the_same_stack_is_added_once(project, lab):
    raw = lab / "raw"
    heard = []
    project.listen(lambda what, ids: heard.append((what, ids)))
    assert project.add_samples([NewSample(raw / "a.tif"), NewSample(raw / ".." / "raw" / "b.tif")]) == ()
    assert heard == []
    added = project.add_samples([NewSample(raw / "a.tif", channel=channel) for channel in (0, 1, 1)])
    assert [(sample.name, sample.channel) for sample in added] == [("a (2)", 0), ("a (3)", 1)]


def test_the_same_file_by_a_link_is_added_once(project, lab):
    try:
        (lab / "link.tif").symlink_to(lab / "raw" / "a.tif")
    except OSError:
        pytest.skip("this system makes no links for everybody")
    assert project.add_samples([NewSample(lab / "link.tif")]) == ()


def test_files_of_one_name_are_told_apart(project, lab):
    (lab / "other").mkdir()
    (lab / "other" / "A.tif").write_bytes(b"another")
    (sample,) = project.add_samples([NewSample(lab / "other" / "A.tif")])
    assert sample.name == "A (2)"


def test_a_name_from_a_microscope_that_no_file_can_have(project, lab):
    (sample,) = project.add_samples([NewSample(lab / "raw" / "a.tif", scene=1, name="Series 1/4: cyst?")])
    assert sample.name == "Series 1_4_ cyst_"


def test_a_number_is_never_used_again(project, lab):
    project.remove_samples([3])
    (sample,) = project.add_samples([NewSample(lab / "raw" / "c.tif")])
    assert sample.id == 4
    with pytest.raises(KeyError):
        project.sample(3)


def test_changing_several(project):
    size = VoxelSize(0.5, 0.2, 0.2, "given by you")
    project.update_samples([1, 3], voxel_size=size, day="4 d", state="rejected", reason="Cut by the frame.")
    one, two, three = project.samples()
    assert one.voxel_size == three.voxel_size == size
    assert (one.state, one.reason, one.day) == ("rejected", "Cut by the frame.", "4 d")
    assert (two.state, two.day) == ("to do", None)
    project.update_samples([1], voxel_size=None, channel="DAPI")
    assert project.sample(1).voxel_size is None
    assert project.sample(1).channel == "DAPI"


@pytest.mark.parametrize("field", ["id", "missing", "colour", "reading", "whole_path"])
def test_what_is_no_field_cannot_be_set(project, field):
    with pytest.raises(ValueError, match=field):
        project.update_samples([1], **{field: 1})


@pytest.mark.parametrize("name", ["", "a/b", "B", "c"])
def test_a_bad_name_is_refused_and_changes_nothing(project, name):
    with pytest.raises(UserError):
        project.update_samples([1], name=name, notes="not this either")
    assert (project.sample(1).name, project.sample(1).notes) == ("a", "")


def test_several_cannot_be_given_one_name(project):
    with pytest.raises(UserError, match="one name"):
        project.update_samples([1, 2], name="mine")
    assert [sample.name for sample in project.samples()] == ["a", "b", "c"]


def test_a_sample_may_change_the_case_of_its_name(project):
    project.update_samples([1], name="A")
    assert project.sample(1).name == "A"


def test_a_file_that_went_is_missing(project, lab):
    (lab / "raw" / "b.tif").unlink()
    assert [sample.missing for sample in project.samples()] == [False, True, False]
    assert [sample.id for sample in project.missing()] == [2]


def test_versions_of_labels_are_kept(project):
    first = project.new_labels_path(1)
    assert first == project.folder / "labels" / "0001-1" / "a.tif"
    project.add_labels(1, first, "imported", "from Fiji", cells=61)
    second = project.new_labels_path(1)
    assert second.name == first.name
    assert second.parent != first.parent
    project.add_labels(1, second, "curated", "merged 12 and 14", cells=60)
    sample = project.sample(1)
    assert (sample.labels, sample.state, sample.cells) == (second, "curated", 60)
    assert [(version.path, version.kind, version.note) for version in project.label_versions(1)] == [
        (first, "imported", "from Fiji"),
        (second, "curated", "merged 12 and 14"),
    ]
    project.remove_samples([1])
    assert project.label_versions(1) == ()


def test_the_mark_of_labels_changes_with_what_a_training_depends_on(project):
    assert project.label_marks() == {}
    project.add_labels(1, Path(project.new_labels_path(1)), "imported")
    marks = [project.label_marks()[1]]
    project.update_samples([1], notes="nice", state="accepted", day="7 d")
    assert project.label_marks()[1] == marks[0]
    project.update_samples([1], voxel_size=VoxelSize(1, 1, 0.5, "given by you"))
    marks.append(project.label_marks()[1])
    project.update_samples([1], channel=2)
    marks.append(project.label_marks()[1])
    project.add_labels(1, project.new_labels_path(1), "curated")
    marks.append(project.label_marks()[1])
    assert len(set(marks)) == 4
