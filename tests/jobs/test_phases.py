"""The five phases in a row: what is run, what is not run again, and what of a bad data set.

Training is stood in for: the networks are the model in the box. All else is real.
"""

import csv
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest

from cartocell_app.errors import UserError
from cartocell_app.jobs.child import Ended, check_ended, run_command
from cartocell_app.jobs.phase_steps import PhaseChoices
from cartocell_app.jobs.phases import run_phases
from cartocell_app.jobs.published_layout import find_layout
from cartocell_app.jobs.reporting import SilentReporter
from cartocell_app.progress import CancelledError, never
from cartocell_app.resources import CPU_MODEL
from cartocell_app.stacks.reading import read
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

NAME = "Cyst 4d filt 2po Pha,Bcat 02.08.19 40x Z6"
FINE = VoxelSize(0.35, 0.3, 0.3, "test")


class Listener(SilentReporter):
    """Remembers what was said."""

    def __init__(self):
        self.said, self.shares = [], []

    def message(self, text):
        self.said.append(text)

    def overall(self, done, total):
        self.shares.append(done / total)


def box(folder, name, size, shape=(24, 40, 40)):
    """A pair to train on, of two cells."""
    labels = np.zeros(shape, np.uint16)
    labels[6:18, 8:20, 8:32], labels[6:18, 20:32, 8:32] = 1, 2
    write_stack(folder / "x" / f"{name}.tif", (labels * 80).astype(np.uint8), size)
    write_labels(folder / "y" / f"{name}.tif", labels, size)


@pytest.fixture
def dataset(tmp_path, small_cyst):
    """The published layout: fine pairs for M1, the rest of low resolution."""
    root = tmp_path / "CartoCell data"
    low = small_cyst.voxel_size
    box(root / "train_M1", "10d.1B.26.2", FINE)
    box(root / "validation", "7d.4C.8_2", low)
    write_stack(root / "train_M2" / "x" / f"{NAME}.tif", small_cyst.raw, low)
    write_stack(root / "test" / "x" / f"{NAME}.tif", small_cyst.raw[:, ::-1].copy(), low)
    write_labels(root / "test" / "y" / f"{NAME}.tif", small_cyst.labels[:, ::-1].copy(), low)
    return root


class Stand:
    """Runs commands in this process; stands in for training, and breaks off where it is told to."""

    def __init__(self, cartocell):
        self.cartocell, self.calls, self.break_at = cartocell, [], None

    def __call__(self, words, hear):
        self.calls.append(list(words))
        if words[0] == self.break_at:
            return Ended(-signal.SIGKILL, "")
        if words[0] == "train":
            Path(words[words.index("-o") + 1]).mkdir()
            Path(words[words.index("-o") + 1], "network.pt").write_bytes(os.urandom(8))
            hear({"event": "epoch", "message": "Round 1", "loss": 0.5})
            return Ended(0, "")
        if words[0] == "export":
            target = Path(words[words.index("-o") + 1])
            target.parent.mkdir(exist_ok=True)
            shutil.copy(CPU_MODEL, target)
            return Ended(0, "")
        answer = self.cartocell(*words)
        for line in answer.out.splitlines():
            if line.startswith("{"):
                hear(json.loads(line))
        return Ended(answer.code, answer.err)

    def names(self):
        return [words[0] for words in self.calls]


@pytest.fixture
def stand(cartocell):
    return Stand(cartocell)


ALL = ["downsample", "train", "export", "label", "merge", "train", "export"] + 2 * ["segment", "evaluate", "evaluate"]


def test_from_a_zip_file_to_the_table_and_never_twice(dataset, tmp_path, stand):
    archive = tmp_path / "CartoCell data 1.0.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(dataset.rglob("*.tif")):
            made.write(path, f"CartoCell data/{path.relative_to(dataset).as_posix()}")
        made.writestr("__MACOSX/CartoCell data/train_M1/x/._10d.1B.26.2.tif", b"resource fork")
        made.writestr("CartoCell data/train_M2/x/.DS_Store", b"finder")
        made.writestr("CartoCell data/readme.pdf", b"of no use here")
    out, report = tmp_path / "out", Listener()
    choices = PhaseChoices("quick", epochs=3, device="cpu")
    result = run_phases(archive, out, choices, report, run=stand)

    assert stand.names() == ALL
    m1, m2 = (words for words in stand.calls if words[0] == "train")
    assert m1[1:4] == [
        str(out / "phase2" / "train_M1"),
        "--validation",
        str(out / "unpacked/CartoCell data/validation"),
    ]
    assert m2[1:4] == [str(out / "phase4"), *m1[2:4]]
    assert m1[m1.index("--preset") :] == [
        *("--preset", "quick", "--epochs", "3"),
        *("--device", "cpu", "--progress", "json"),
    ]
    assert read(out / "phase2/train_M1/x/10d.1B.26.2.tif").voxel_size.x_um == pytest.approx(0.6, rel=0.03)
    assert sorted(path.name for path in (out / "phase4/y").iterdir()) == ["10d.1B.26.2.tif", f"{NAME}.tif"]
    assert not list(out.rglob(".DS_Store"))
    assert not (out / "unpacked" / "__MACOSX").exists()
    assert report.shares == sorted(report.shares)
    assert report.shares[-1] == 1
    check_table(out, result.table)

    # Nothing is done twice, also if the computer adds its own files and the unpacked set was deleted meanwhile.
    shutil.rmtree(out / "unpacked")
    (out / "phase4" / "x" / ".DS_Store").write_bytes(b"finder")
    stand.calls.clear()
    again = run_phases(archive, out, choices, Listener(), run=stand)
    assert stand.calls == []
    assert again.table == result.table


def check_table(out, text):
    with (out / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["stage"]) for row in rows] == [
        ("M1", "before Voronoi"),
        ("M1", "after Voronoi"),
        ("M2", "before Voronoi"),
        ("M2", "after Voronoi"),
    ]
    before, after = rows[:2]
    assert float(after["f1_0.5"]) > 0.85
    assert float(before["share_in_contact"]) < 0.5 < 0.95 < float(after["share_in_contact"]) <= 1
    assert {"n_true", "n_predicted", "precision_0.3", "recall_0.75", "f1_0.75", "pq_0.5"} <= set(after)
    assert rows[1]["f1_0.5"] == rows[3]["f1_0.5"]  # the same network in both places
    assert (out / "table.md").read_text(encoding="utf-8").strip() == text
    assert f" {float(after['f1_0.5']):.3f} |" in next(line for line in text.splitlines() if "F1 0.5" in line)
    steps = json.loads((out / "run.json").read_text(encoding="utf-8"))["steps"]
    assert {step["state"] for step in steps.values()} == {"done"}


def test_broken_off_it_goes_on_at_that_step(dataset, tmp_path, stand):
    out, choices = tmp_path / "out", PhaseChoices()
    stand.break_at = "label"
    with pytest.raises(UserError, match="Phase 3: labelling with M1 was ended by the system"):
        run_phases(dataset, out, choices, Listener(), run=stand)
    assert stand.names() == ALL[:4]
    stand.calls.clear()
    stand.break_at = None
    run_phases(dataset, out, choices, Listener(), run=stand)
    assert stand.names() == ALL[3:]


def test_a_rejected_cyst_trains_m2_anew_and_m1_stays(dataset, tmp_path, stand, small_cyst):
    write_stack(dataset / "train_M2" / "x" / "other.tif", small_cyst.raw[:, :, ::-1].copy(), small_cyst.voxel_size)
    out, report = tmp_path / "out", Listener()
    run_phases(dataset, out, PhaseChoices(), report, run=stand)
    listed = out / "phase3" / "curation.csv"
    listed.write_bytes(listed.read_bytes().replace(b"other,yes", b"other,no"))
    stand.calls.clear()
    run_phases(dataset, out, PhaseChoices(), report, run=stand)
    assert stand.names()[:3] == ["merge", "train", "export"]
    assert stand.calls[1][stand.calls[1].index("-o") + 1] == str(out / "M2")
    assert (out / "M2_earlier_1" / "network.pt").exists()
    assert not (out / "M1_earlier_1").exists()
    assert not (out / "phase4" / "x" / "other.tif").exists()
    assert any("it is now M2_earlier_1" in words for words in report.said)


def test_other_options_train_both_anew(dataset, tmp_path, stand):
    stand.break_at = "label"
    for epochs in (1, 2):
        with pytest.raises(UserError):
            run_phases(dataset, tmp_path / "out", PhaseChoices(epochs=epochs), Listener(), run=stand)
    # Where it runs is no other option.
    stand.calls.clear()
    with pytest.raises(UserError):
        run_phases(dataset, tmp_path / "out", PhaseChoices(epochs=2, device="cpu"), Listener(), run=stand)
    assert stand.names() == ["label"]
    assert (tmp_path / "out" / "M1_earlier_1" / "network.pt").exists()


def test_m2_goes_on_from_m1_if_asked_to(dataset, tmp_path, stand):
    out = tmp_path / "out"
    run_phases(dataset, out, PhaseChoices(), Listener(), run=stand)
    stand.calls.clear()
    run_phases(dataset, out, PhaseChoices(m2_from_m1=True), Listener(), run=stand)
    # M1, its labels and its scores are what they were.
    assert stand.names()[:2] == ["train", "export"]
    m2, export = stand.calls[:2]
    assert m2[m2.index("--start-from") + 1] == str(out / "M1" / "network.pt")
    assert (out / "M2_earlier_1" / "network.pt").exists()
    assert "--m2-from-m1" in export[export.index("--command") + 1]


def test_stacks_that_cannot_be_done_are_said_and_the_rest_goes_on(dataset, tmp_path, stand):
    (dataset / "train_M2" / "x" / "broken.tif").write_bytes(b"II*\0 nothing")
    result = run_phases(dataset, tmp_path / "out", PhaseChoices(), Listener(), run=stand)
    assert len(result.remarks) == 1
    assert "Phase 3: labelling with M1: not all stacks could be done" in result.remarks[0]
    # Another try does what failed, and nothing that follows from the same.
    stand.calls.clear()
    run_phases(dataset, tmp_path / "out", PhaseChoices(), Listener(), run=stand)
    assert stand.names() == ["label"]


def test_unknown_voxel_sizes_are_asked_for_and_given_where_they_are_missing(dataset, tmp_path, stand, small_cyst):
    for part in ("validation", "test"):
        for path in (dataset / part).rglob("*.tif"):
            data = read(path).data
            path.unlink()
            (write_stack if path.parent.name == "x" else write_labels)(path, data, None)
    with pytest.raises(UserError, match="--voxel-size"):
        run_phases(dataset, tmp_path / "out", PhaseChoices(), Listener(), run=stand)
    run_phases(dataset, tmp_path / "out", PhaseChoices(voxel_um=small_cyst.voxel_size.zyx_um), Listener(), run=stand)
    assert stand.names() == ["downsample", *ALL]
    with_size = [words for words in stand.calls if "--voxel-size" in words]
    assert [words[0] for words in with_size] == ["downsample", "segment", "segment"]


def test_a_stack_without_a_voxel_size_among_others_is_no_guess(dataset, tmp_path, stand, small_cyst):
    write_stack(dataset / "test" / "x" / "plain.tif", small_cyst.raw, None)
    with pytest.raises(UserError, match="Some stacks"):
        run_phases(dataset, tmp_path / "out", PhaseChoices(voxel_um=(1, 1, 1)), Listener(), run=stand)


def test_all_that_a_data_set_lacks_is_listed_at_once(dataset, tmp_path, stand):
    shutil.rmtree(dataset / "test" / "y")
    shutil.rmtree(dataset / "validation")
    with pytest.raises(UserError, match=r"lacks validation/x, validation/y, test/y"):
        run_phases(dataset, tmp_path / "out", PhaseChoices(), Listener(), run=stand)
    shutil.rmtree(dataset / "train_M1")
    with pytest.raises(UserError, match="There is no train_M1"):
        run_phases(dataset, tmp_path / "out", PhaseChoices(), Listener(), run=stand)
    with pytest.raises(UserError, match="Check the spelling"):
        run_phases(tmp_path / "nowhere", tmp_path / "out", PhaseChoices(), Listener(), run=stand)


def test_a_folder_around_the_data_set_is_looked_into(dataset, tmp_path):
    (tmp_path / "downloads" / "inner").mkdir(parents=True)
    moved = shutil.move(dataset, tmp_path / "downloads" / "inner" / "set")
    assert find_layout(tmp_path / "downloads", tmp_path / "out", Listener(), never).root == Path(moved)


def link_entry():
    entry = zipfile.ZipInfo("train_M1/x/passwords.tif")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        "../outside.tif",
        "train_M1/x/../../../outside.tif",
        "/outside.tif",
        "C:\\outside.tif",
        "x\\..\\..\\outside.tif",
        link_entry(),
    ],
    ids=str,
)
def test_a_zip_file_that_points_out_of_its_folder_is_refused(tmp_path, entry):
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("train_M1/x/a.tif", b"a")
        made.writestr(entry, b"../../secret")
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="points out of its folder"):
        find_layout(archive, tmp_path / "out", Listener(), never)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.zip", "out"]


def test_zip_files_that_are_broken_or_too_large(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    archive = tmp_path / "data.zip"
    archive.write_bytes(b"PK\3\4 nothing")
    with pytest.raises(UserError, match="cannot be unpacked"):
        find_layout(archive, tmp_path / "out", Listener(), never)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("train_M1/x/a.tif", bytes(1000))
    whole = archive.read_bytes()
    archive.write_bytes(whole.replace(bytes(1000), bytes(999) + b"1"))
    with pytest.raises(UserError, match="cannot be unpacked: Bad CRC"):
        find_layout(archive, tmp_path / "out", Listener(), never)
    assert not list((tmp_path / "out").rglob("*.tif"))
    archive.write_bytes(whole)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(UserError, match="Free some space"):
        find_layout(archive, tmp_path / "out", Listener(), never)


def test_another_zip_file_replaces_the_first_and_a_folder_of_the_users_stays(tmp_path):
    archive, out = tmp_path / "data.zip", tmp_path / "out"
    (out / "unpacked" / "mine").mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("train_M1/x/a.tif", b"a")
    with pytest.raises(UserError, match="in the way"):
        find_layout(archive, out, Listener(), never)
    (out / "unpacked" / "mine").rmdir()
    (out / "unpacked").rmdir()
    with pytest.raises(UserError, match="lacks"):
        find_layout(archive, out, Listener(), never)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("train_M1/x/b.tif", b"bb")
    with pytest.raises(UserError, match="lacks"):
        find_layout(archive, out, Listener(), never)
    assert [path.name for path in (out / "unpacked/train_M1/x").iterdir()] == ["b.tif"]


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        (Ended(2, "cartocell: No GPU."), UserError),
        (Ended(130, "Stopped."), CancelledError),
        (Ended(-9, ""), UserError),
        (Ended(1, "3 of 9 stacks could not be done."), UserError),
        (Ended(1, "Traceback (most recent call last)\nKeyError"), RuntimeError),
    ],
)
def test_how_a_command_may_end(ended, kind):
    with pytest.raises(kind):
        check_ended("Training", ended, may_fail_in_part=False)
    assert check_ended("Training", Ended(0, "a warning"), may_fail_in_part=False) == ""
    assert "3 of 9" in check_ended("Labelling", Ended(1, "3 of 9"), may_fail_in_part=True)


@pytest.mark.slow
def test_a_real_command_tells_its_events_and_its_troubles(tmp_path):
    run, events = run_command(threading.Event()), []
    made = run(["synthesize", "-o", str(tmp_path / "a, b"), "--preset", "4d", "--progress", "json"], events.append)
    assert (made.code, made.words) == (0, "")
    assert {"progress", "message"} <= {event["event"] for event in events}
    bad = run(["synthesize", "-o", str(tmp_path), "--preset", "12d"], events.append)
    assert bad.code == 2
    assert "no preset '12d'" in bad.words


@pytest.mark.slow
def test_a_real_command_ends_when_asked(cyst_folder):
    stop = threading.Event()
    stages = []

    def hear(event):
        stages.append(event.get("stage"))
        stop.set()

    before = set(psutil.Process().children())  # other tests' helpers, such as Python's resource tracker
    started = time.monotonic()
    words = ["segment", str(cyst_folder / "x"), "-o", str(cyst_folder / "out"), "--progress", "json"]
    with pytest.raises(CancelledError):
        run_command(stop)(words, hear)
    assert time.monotonic() - started < 50
    assert set(psutil.Process().children()) <= before
    assert not list(cyst_folder.rglob(".partial-*"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_command_does_not_outlive_the_program_that_started_it(tmp_path):
    script = (
        "import sys, threading; from cartocell_app.jobs.child import run_command\n"
        "run_command(threading.Event())(sys.argv[1:], lambda event: print(event, flush=True))"
    )
    words = ["synthesize", "-o", str(tmp_path), "--preset", "4d", "--count", "500", "--progress", "json"]
    with subprocess.Popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE, text=True) as parent:
        parent.stdout.readline()
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()
    assert child.wait(timeout=30) is None or not child.is_running()
    assert len(list((tmp_path / "x").glob("*.tif"))) < 500
