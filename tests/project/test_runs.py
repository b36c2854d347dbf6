import json
from datetime import UTC, datetime

import pytest

from cartocell_app.errors import UserError
from cartocell_app.project.values import CutOut, NewSample


@pytest.fixture
def run(project):
    return project.new_run("segment", "Segment 3 cysts", [1, 2, 3], lambda folder: ["segment", "-o", str(folder)])


def test_a_run_has_a_folder_of_its_own_that_its_words_name(project, run):
    assert run.folder == project.folder / "runs" / "0001-segment"
    assert run.folder.is_dir()
    assert run.words == ("segment", "-o", str(run.folder))
    assert (run.state, run.sample_ids, run.title, run.phase) == ("queued", (1, 2, 3), "Segment 3 cysts", None)
    other = project.new_run("train M1", "Train M1", [], lambda _: ["train"], phase=2)
    assert other.folder.name == "0002-train-m1"
    assert other.phase == 2
    assert project.runs() == (run, other)


def test_the_words_may_be_made_with_the_project_s_help(project):
    def words(folder):
        (folder / "stacks.csv").write_text("list")
        return ["segment", "--list", str(folder / "stacks.csv"), str(len(project.samples())), f"{project.folder}2/x"]

    made = project.new_run("segment", "Segment", [1], words)
    assert (made.folder / "stacks.csv").read_text() == "list"
    assert made.words[2:] == (str(made.folder / "stacks.csv"), "3", f"{project.folder}2/x")


def test_words_that_cannot_be_made_leave_no_run(project):
    def refuse(_folder):
        raise UserError("Sample a has no voxel size.")

    with pytest.raises(UserError, match="no voxel size"):
        project.new_run("segment", "Segment", [1], refuse)
    assert project.runs() == ()
    assert project.new_run("segment", "Segment", [1], lambda _: []).id == 1


def test_how_a_run_goes_on(project, run):
    started = datetime(2026, 8, 1, 12, 30, tzinfo=UTC)
    project.update_run(run.id, state="running", started=started)
    assert project.run(run.id).state == "running"
    assert project.run(run.id).started == started
    with pytest.raises(ValueError, match="folder"):
        project.update_run(run.id, folder="elsewhere")
    with pytest.raises(KeyError):
        project.run(99)


def test_results_are_taken_in_as_they_come(project, run, record):
    heard = []
    project.listen(lambda what, ids: heard.append((what, ids)))
    record(run, "a", state="done", cells=61, model="M2 fast 1.0", profile="default")
    assert project.take_in_results(run.id) == (1,)
    first = project.sample(1)
    assert (first.state, first.cells, first.results) == ("segmented", 61, run.folder)
    assert first.labels == run.folder / "per_image_instances_voronoi" / "a.tif"
    assert [version.note for version in project.label_versions(1)] == ["M2 fast 1.0, default"]
    record(run, "b", state="failed", error="b.tif is 2D.")
    assert project.take_in_results(run.id) == (2,)
    assert (project.sample(2).state, project.sample(2).reason) == ("failed", "b.tif is 2D.")
    assert project.take_in_results(run.id) == ()
    assert heard == [("samples", (1,)), ("samples", (2,))]


def test_samples_are_let_go_but_what_is_done_stays_done(project, run, record):
    project.update_samples([1, 2, 3], state="running")
    project.update_samples([2], reason="b.tif is 2D.")
    record(run, "a", state="done", cells=61)
    project.take_in_results(run.id)
    project.let_go([1, 2], {1: "to do", 2: "failed"})
    assert [sample.state for sample in project.samples()] == ["segmented", "failed", "running"]
    assert project.sample(2).reason == "b.tif is 2D."
    project.let_go([3], {})
    assert project.sample(3).state == "to do"


def test_what_a_person_said_since_is_not_undone(project, run, record):
    record(run, "a", state="done", cells=61)
    project.take_in_results(run.id)
    project.update_samples([1], state="accepted")
    # A copied project has files of other times.
    path = run.folder / "records" / "a.json"
    path.write_bytes(path.read_bytes())
    assert project.take_in_results(run.id) == ()
    assert project.sample(1).state == "accepted"


def test_a_second_attempt_counts(project, run, record):
    record(run, "a", state="failed", error="The disk is full.")
    project.take_in_results(run.id)
    record(run, "a", state="done", cells=5)
    assert project.take_in_results(run.id) == (1,)
    assert (project.sample(1).state, project.sample(1).reason) == ("segmented", "")


def test_results_find_their_sample_after_it_was_renamed(project, run, record):
    project.update_samples([1], name="b2")
    project.update_samples([2], name="a")
    record(run, "a", state="done", cells=61)
    assert project.take_in_results(run.id) == (1,)
    assert project.sample(1).labels.name == "a.tif"


def test_results_of_a_removed_sample_and_half_a_record_are_passed_over(project, run, record):
    project.remove_samples([1])
    record(run, "a", state="done", cells=61)
    record(run, "stranger", state="done", cells=1)
    (run.folder / "records" / "b.json").write_text('{"row": {"state": "do')
    (run.folder / "records" / "c.json").write_text(json.dumps(["no record"]))
    assert project.take_in_results(run.id) == ()
    assert [sample.state for sample in project.samples()] == ["to do", "to do"]


def test_a_number_of_cells_that_is_none_is_left_open(project, run, record):
    record(run, "a", state="done", cells="many")
    project.take_in_results(run.id)
    assert (project.sample(1).state, project.sample(1).cells) == ("segmented", None)


def test_cysts_that_were_cut_out_are_added_once_and_stay_away_when_removed(project, tmp_path):
    run = project.new_run("crop", "Cut out 2 cysts", [1, 2], lambda _: ["crop"], phase=3)

    def cyst(name, field):
        (run.folder / f"{name}.tif").write_bytes(name.encode())
        return NewSample(
            run.folder / f"{name}.tif", role="low-resolution", cut_out=CutOut(field, 1, (0,) * 3, (9,) * 3)
        )

    (first,) = project.take_in_cysts(run.id, {"a": [cyst("a_cyst01", 1)]})
    assert (first.name, first.cut_out.field_id) == ("a_cyst01", 1)
    project.remove_samples([first.id])
    both = {"a": [cyst("a_cyst01", 1)], "b": [cyst("b_cyst01", 2)]}
    assert [sample.name for sample in project.take_in_cysts(run.id, both)] == ["b_cyst01"]
    assert project.take_in_cysts(run.id, both) == ()
