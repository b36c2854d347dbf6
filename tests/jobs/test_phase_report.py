"""Reports of phases, read as a browser reads them."""

import json
from html.parser import HTMLParser

import pytest

from cartocell_app.citation import CITATION
from cartocell_app.errors import UserError
from cartocell_app.jobs import phase_report
from cartocell_app.jobs.model_training import Cyst, keep_round, write_cysts
from cartocell_app.jobs.phase_report import write_report
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.progress import CancelledError
from cartocell_app.project.project import Project
from cartocell_app.project.sample_project import make_sample_project
from cartocell_app.resources import CPU_MODEL

NASTY = "<script>alert('µ')</script> & \"more\""
VOID = {"meta", "img"}


class Page(HTMLParser):
    """What a page holds, and whether its tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.sources = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for key, value in attrs if key in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def project(tmp_path):
    project = Project.open(make_sample_project(tmp_path / "Sample.cartocell"))
    yield project
    project.close()


def reported(project, path, number=0):
    return Page(write_report(project, path, number).read_text(encoding="utf-8"))


def add_m1(project):
    """The model in the box as M1, with a training that two rounds were kept of."""
    cysts = [sample for sample in project.samples() if sample.role == "high-resolution"]
    run = project.new_run("train", "Train M1", [cyst.id for cyst in cysts], lambda _: ["train-model"], phase=2)
    learning = {cyst.name: Cyst(cyst.path, cyst.labels, ReadingChoices()) for cyst in cysts}
    write_cysts(run.folder, "learn", dict(list(learning.items())[1:]))
    write_cysts(run.folder, "watch", dict(list(learning.items())[:1]))
    for number, loss in ((1, 0.9), (2, 0.4)):
        ious = {"iou_B": 0.5, "iou_C": 0.625, "iou_M": 0.75}
        row = {"epoch": number, "epochs": 12, "loss": loss, "validation_loss": loss, "seconds": 30}
        keep_round(run.folder, row | ious)
    project.update_run(run.id, state="done")
    project.add_model("M1", CPU_MODEL, {cyst.id: "1" for cyst in cysts}, run.id)
    return run


def test_cysts_are_counted_by_day_and_condition_and_shown(project, tmp_path):
    first, second, *_ = [sample for sample in project.samples() if sample.role == "high-resolution"]
    project.update_samples([first.id], state="accepted")
    project.update_samples([second.id], state="rejected", reason=NASTY, day="14 d", condition="<i>hypoxia</i>")
    page = reported(project, tmp_path / "report.html", 1)
    assert page.open == []
    text = "\n".join(page.words)
    assert "synthetic" in text
    assert CITATION in text
    # Names are strangers' text: shown as they are, and not obeyed.
    assert NASTY in page.words
    assert "<i>hypoxia</i>" in page.words
    assert not {"script", "i"} & set(page.tags)
    at = page.words.index("All")
    assert page.words[at + 1 : at + 6] == ["5", "1", "1", "3", "0"]
    assert page.words.index("4 d") < page.words.index("10 d") < page.words.index("14 d")
    # Rejected ones are not shown; nothing is fetched from anywhere.
    assert page.tags.count("img") == 4
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)


def test_a_model_tells_what_it_learnt_from_how_it_went_and_its_card(project, tmp_path):
    add_m1(project)
    page = reported(project, tmp_path / "report.html", 2)
    assert "It learnt from 4 cysts; 1 watched, from which it did not learn." in page.words
    assert page.words.count("watched") == 1
    assert "2 of at most 12" in page.words
    assert page.words[page.words.index("Best round, whose network is the model") + 1] == "2"
    assert "0.625" in page.words
    assert page.tags.count("polyline") == 5
    assert any("ResU-Net" in word or "synthetic" in word for word in page.words)


def test_a_comparison_is_told_where_there_is_one(project, tmp_path):
    add_m1(project)
    project.add_model("M2", CPU_MODEL, {})
    run = project.new_run("compare", "Compare", [], lambda _: ["compare"], phase=4)
    scores = {"f1_0.5": 0.875, "f1_0.75": 0.5, "pq_0.5": 0.75}
    rows = [{"model": name, "stage": "after Voronoi", "cyst": "ALL"} | scores for name in ("M1", "M2")]
    rows.append({"model": "M2", "stage": "after Voronoi", "cyst": "one"} | scores)
    (run.folder / "comparison.json").write_text(json.dumps({"verdict": "M2 is better.", "rows": rows}))
    project.update_run(run.id, state="done")
    page = reported(project, tmp_path / "report.html", 4)
    assert "M2 is better." in page.words
    assert page.words.count("0.875") == 2


def test_without_a_number_all_phases_with_something_to_report_are_in_it(project, tmp_path):
    add_m1(project)
    page = reported(project, tmp_path / "report.html")
    assert [word for word in page.words if word.startswith("Phase ")] == [
        "Phase 1: High-resolution cysts", "Phase 2: Down-sample and train M1",
    ]  # fmt: skip


def test_it_is_whole_or_absent(project, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    with pytest.raises(UserError, match="before M2 is trained"):
        write_report(project, path, 4)
    with pytest.raises(UserError, match="before a cyst has cells"):
        write_report(project, path, 5)
    with pytest.raises(CancelledError):
        write_report(project, path, 1, cancelled=lambda: True)
    assert list(tmp_path.glob("*report*")) == []
    path.write_text("older")
    monkeypatch.setattr(phase_report.html, "page", lambda *_: "\ud800")  # what no file can hold
    with pytest.raises(UnicodeEncodeError):
        write_report(project, path, 1)
    assert path.read_text() == "older"


def test_lost_and_broken_files_are_left_out_and_not_fatal(project, tmp_path):
    first, second, *_ = [sample for sample in project.samples() if sample.role == "high-resolution"]
    first.path.unlink()
    second.labels.write_bytes(b"II*\0")
    page = reported(project, tmp_path / "report.html", 1)
    assert page.tags.count("img") == 3
    assert second.name in page.words


def test_the_command_writes_it_and_says_where(cartocell, project, tmp_path):
    answer = cartocell("report", project.folder, "-o", tmp_path / "one.html", "--phase", 1, "--progress", "none")
    assert answer.code == 0
    assert "Phase 2" not in (tmp_path / "one.html").read_text()
    assert cartocell("report", project.folder, "-o", tmp_path / "no.html", "--phase", 4).code == 2
    assert not (tmp_path / "no.html").exists()
