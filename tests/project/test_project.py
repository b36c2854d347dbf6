"""A project as a whole: made, opened, moved, opened twice, and opened after its program was killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cartocell_app.errors import UserError
from cartocell_app.project import locking
from cartocell_app.project.database import BACKUP
from cartocell_app.project.places import DATABASE
from cartocell_app.project.project import LOCK, Project
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.voxel_size import VoxelSize


def test_what_was_put_in_is_there_at_the_next_opening(project):
    before = project.samples()
    run = project.new_run("segment", "Segment 3 cysts", [1, 2, 3], lambda folder: ["segment", "-o", str(folder)])
    project.close()
    again = Project.open(project.folder)
    assert again.name == "MDCK hypoxia"
    assert again.samples() == before
    assert again.run(run.id).words == run.words
    again.close()


def test_the_folder_holds_what_people_look_for(project):
    names = {path.name for path in project.folder.iterdir()}
    assert {"stacks", "labels", "models", "runs", DATABASE} <= names


def test_a_name_that_is_left_out_is_that_of_the_folder(tmp_path):
    project = Project.create(tmp_path / "MDCK.cartocell")
    assert project.name == "MDCK"
    assert not project.is_temporary
    project.close()


def test_renaming(project):
    heard = []
    project.listen(lambda what, ids: heard.append((what, ids)))
    project.rename(" MDCK normoxia ")
    assert project.name == "MDCK normoxia"
    assert heard == [("project", ())]
    with pytest.raises(UserError):
        project.rename(" ")


@pytest.mark.parametrize("occupied", ["file", "folder"])
def test_nothing_is_made_over_something(tmp_path, occupied):
    place = tmp_path / "p.cartocell"
    if occupied == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="something in"):
        Project.create(place)


def test_a_folder_that_is_no_project(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="no CartoCell project"):
            Project.open(folder)
        assert not (folder / LOCK).exists()


def test_a_project_that_is_moved_with_its_stacks_finds_them(project, lab, tmp_path):
    run = project.new_run("segment", "Segment", [1], lambda folder: ["segment", "-o", str(folder), "--model", "auto"])
    project.close()
    moved = tmp_path / "another disk"
    lab.rename(moved)
    again = Project.open(moved / "MDCK.cartocell")
    assert [sample.path for sample in again.samples()] == [moved / "raw" / f"{name}.tif" for name in "abc"]
    assert again.missing() == ()
    folder = moved / "MDCK.cartocell" / "runs" / "0001-segment"
    assert again.run(run.id).folder == folder
    assert again.run(run.id).words == ("segment", "-o", str(folder), "--model", "auto")
    again.close()


def test_a_project_that_is_moved_without_its_stacks_finds_them_too(project, lab, tmp_path):
    project.close()
    (tmp_path / "desk").mkdir()
    project.folder.rename(tmp_path / "desk" / "MDCK.cartocell")
    again = Project.open(tmp_path / "desk" / "MDCK.cartocell")
    assert [sample.path for sample in again.samples()] == [lab / "raw" / f"{name}.tif" for name in "abc"]
    # Another file that has come to lie there is not taken for it.
    (lab / "raw" / "a.tif").write_bytes(b"something else")
    assert [sample.missing for sample in again.samples()] == [True, False, False]
    again.close()


def test_a_second_window_only_looks(project):
    second = Project.open(project.folder)
    assert second.read_only
    assert not project.read_only
    assert f"open in another window (process {os.getpid()} on " in second.why_read_only
    assert second.samples() == project.samples()
    for change in (
        lambda: second.update_samples([1], notes="mine"),
        lambda: second.add_samples([NewSample(Path("d.tif"))]),
        lambda: second.new_run("segment", "Segment", [1], lambda _: []),
        lambda: second.rename("mine"),
    ):
        with pytest.raises(UserError, match="open in another window"):
            change()
    project.update_samples([1], notes="seen by both")
    assert second.sample(1).notes == second.samples()[0].notes == "seen by both"
    second.close()
    project.close()
    third = Project.open(project.folder)
    assert not third.read_only
    third.close()


def test_a_second_window_does_not_touch_runs_that_go_on(project):
    run = project.new_run("segment", "Segment", [1], lambda _: [])
    project.update_run(run.id, state="running")
    second = Project.open(project.folder)
    assert second.run(run.id).state == "running"
    second.close()


def test_a_project_that_may_not_be_written_can_be_looked_at(project, monkeypatch):
    project.close()
    opened = Path.open

    def refuse(path, *args, **kwargs):
        if path.name == LOCK:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    looking = Project.open(project.folder)
    assert len(looking.samples()) == 3
    assert "may not be written" in looking.why_read_only
    looking.close()


def test_a_disk_that_knows_no_locks(project, monkeypatch):
    project.close()

    def no_locks(_file):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(locking, "_lock", no_locks)
    looking = Project.open(project.folder)
    assert "cannot tell two windows apart" in looking.why_read_only
    looking.close()


KILLED = """
import sys, time
from pathlib import Path
from cartocell_app.project.project import Project
project = Project.open(Path(sys.argv[1]))
run = project.new_run("segment", "Segment 2 cysts", [1, 2], lambda folder: ["segment"])
project.update_run(run.id, state="running")
project.update_samples([1, 2], state="running")
print("working", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_program_leaves_no_lock_and_its_runs_can_be_offered_again(project, record):
    project.close()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(project.folder)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "working\n"
        held = Project.open(project.folder)
        assert held.read_only
        record(held.run(1), "a", state="done", cells=7)
        held.close()
        program.send_signal(signal.SIGKILL)
    again = Project.open(project.folder)
    assert not again.read_only
    assert again.run(1).state == "interrupted"
    assert "ended before" in again.run(1).message
    # What it had finished counts; the other waits again.
    assert [(sample.state, sample.cells) for sample in again.samples()[:2]] == [("segmented", 7), ("to do", None)]
    again.close()


def test_a_closed_project_is_not_changed(project):
    project.close()
    with pytest.raises(UserError, match="was closed"):
        project.update_samples([1], notes="late")


def test_listeners_are_told_after_the_change_and_until_they_stop(project):
    heard = []
    stop = project.listen(lambda what, ids: heard.append((what, ids, project.sample(1).notes)))
    project.update_samples([1, 2], notes="good")
    run = project.new_run("segment", "Segment", [1], lambda _: [])
    stop()
    stop()
    project.update_samples([1], notes="unheard")
    assert heard == [("samples", (1, 2), "good"), ("runs", (run.id,), "good")]


def test_the_window_reads_while_a_worker_writes(project):
    """Readers see each change whole or not at all, and nobody gets an error."""
    ended = threading.Event()
    seen, troubles = set(), []

    def read() -> None:
        try:
            while not ended.is_set():
                seen.add(tuple(sample.notes for sample in project.samples()))
        except UserError as error:
            troubles.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    writers = [
        threading.Thread(target=lambda: [project.update_samples([1, 2, 3], notes=str(n)) for n in range(20)])
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ended.set()
    for reader in readers:
        reader.join()
    assert not troubles
    assert all(len(set(notes)) == 1 for notes in seen)
    assert {sample.notes for sample in project.samples()} == {"19"}


def test_three_hundred_samples_open_at_once(tmp_path):
    voxel = VoxelSize(0.7, 0.62, 0.62, "ImageJ tag")
    project = Project.create(tmp_path / "p.cartocell")
    (tmp_path / "raw").mkdir()
    paths = [tmp_path / "raw" / f"7d.4C.{number}.tif" for number in range(300)]
    for path in paths:
        path.touch()
    project.add_samples([NewSample(path, voxel_size=voxel, shape=(110, 130, 130)) for path in paths])
    project.close()
    spent_s = []
    for _ in range(3):
        start_s = time.perf_counter()
        again = Project.open(project.folder)
        samples = again.samples()
        spent_s.append(time.perf_counter() - start_s)
        again.close()
    assert len(samples) == 300
    # Seen: 0.06 s on two busy cores; the rest is for slower machines.
    assert min(spent_s) < 0.3


def test_a_copy_of_the_database_is_kept_from_opening_to_opening(project):
    project.update_samples([1], notes="first day")
    project.close()
    Project.open(project.folder).close()
    (project.folder / DATABASE).write_bytes(b"lightning struck the disk" * 1000)
    with pytest.raises(UserError, match="damaged") as refusal:
        Project.open(project.folder)
    assert f"rename {BACKUP} to {DATABASE}" in refusal.value.body
    (project.folder / BACKUP).replace(project.folder / DATABASE)
    again = Project.open(project.folder)
    assert again.sample(1).notes == "first day"
    again.close()
