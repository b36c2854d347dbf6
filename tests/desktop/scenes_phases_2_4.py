"""Scenes for the pictures of phases 2 and 4: a project of synthetic cysts, trainings as they would be."""

import math
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QScrollArea, QWidget
from scipy.ndimage import gaussian_filter

from cartocell_app.desktop.training.starting import LEARNT, latest_training
from cartocell_app.jobs.comparing import AFTER, COMPARISON, PAIRS, STAGES
from cartocell_app.jobs.model_training import DIVERGED, keep_round
from cartocell_app.jobs.records import write_json
from cartocell_app.project.project import Project
from cartocell_app.project.sample_project import make_sample_project
from cartocell_app.resources import CPU_MODEL, SAMPLE_LABELS, SAMPLE_STACK
from cartocell_app.segmentation.targets import bcm_from_labels
from cartocell_app.stacks.reading import read, read_labels

ROUNDS = 12


STOPPED = {"paused": ("cancelled", "Stopped, as you asked."), "ran away": ("failed", DIVERGED)}
"""State and message of trainings that stopped before their end."""


def training(phase: int, *, ended: bool = True, stopped: str = "", scrolled: float = 0.0):
    """Page of a phase that trains: before a training, after it, or after one that `stopped`; `scrolled` is 0 to 1."""

    def show(studio) -> QWidget:
        folder = studio.folder / f"Trained {phase} {stopped or ended}.cartocell"
        if not folder.exists():
            make_sample_project(folder)
            _prepare(folder, phase, ended)
            if stopped:
                _stop(folder, stopped)
        if studio.session.project is None or studio.session.project.folder != folder:
            studio.session.open_project(folder)
        studio.window.show_phase(phase)
        panel = studio.window.load_panels().trainings[phase]
        panel.refresh()
        studio.settle(lambda: not panel.form.coarser.is_busy and not panel.model.is_busy)
        page: QScrollArea = studio.window.centre.phase
        page.verticalScrollBar().setValue(round(scrolled * page.verticalScrollBar().maximum()))
        return studio.window

    return show


def _prepare(folder: Path, phase: int, ended: bool) -> None:
    project = Project.open(folder)
    samples = project.samples()
    truth = read_labels(SAMPLE_LABELS)[0]
    for sample in samples:
        if sample.role in ("high-resolution", "validation") and sample.labels:
            project.update_samples([sample.id], state="accepted")
        if phase == 4 and sample.role == "low-resolution":
            labels = folder / "labels" / f"{sample.name}.tif"
            labels.write_bytes(SAMPLE_LABELS.read_bytes())
            project.add_labels(sample.id, labels, "segmented", cells=int(truth.max()))
            project.update_samples([sample.id], state="accepted")
    if ended:
        ids = [sample.id for sample in project.samples() if sample.state == "accepted"]
        _train(project, 2, ids)
        if phase == 4:
            _train(project, 4, ids)
            _compare(project)
    project.close()


def _stop(folder: Path, how: str) -> None:
    project = Project.open(folder)
    state, message = STOPPED[how]
    for sample in project.samples():
        if sample.role in ("high-resolution", "validation") and sample.labels:
            project.update_samples([sample.id], state="accepted")
    ids = [sample.id for sample in project.samples() if sample.state == "accepted"]
    run = project.new_run("train", "Train M1", ids, lambda _: ["train-model", "--preset", "quick"], phase=2)
    for number in range(1, 5):
        # Towards infinity, or as it should be.
        loss = 0.8 * 4**number if how == "ran away" else 0.1 + 0.7 * math.exp(-number / 4)
        row = {"epoch": number, "epochs": ROUNDS, "loss": loss, "validation_loss": loss + 0.03, "seconds": 240.0}
        keep_round(run.folder, row | {"iou_B": 0.1 * number, "iou_C": 0.08 * number, "iou_M": 0.12 * number})
    project.update_run(run.id, state=state, message=message)
    project.close()


def _train(project: Project, phase: int, ids: list[int]) -> None:
    name = {2: "M1", 4: "M2"}[phase]
    words = ["train-model", "--preset", "quick"]
    run = project.new_run("train", f"Train {name}", ids, lambda _: words, phase=phase)
    watching = {sample.id for sample in project.samples() if sample.role == "validation"}
    write_json(run.folder / LEARNT, {"samples": [number for number in ids if number not in watching]})
    raw, labels = read(SAMPLE_STACK).data, read_labels(SAMPLE_LABELS)[0]
    middle = raw.shape[0] // 2
    maps = bcm_from_labels(labels)[:, middle].astype(float)
    for number in range(1, ROUNDS + 1):
        far = math.exp(-number / 4)
        row = {"epoch": number, "epochs": ROUNDS, "loss": 0.1 + 0.7 * far, "validation_loss": 0.13 + 0.6 * far}
        row |= {"seconds": 240.0, "iou_B": 0.88 - 0.5 * far, "iou_C": 0.79 - 0.6 * far, "iou_M": 0.96 - 0.3 * far}
        keep_round(run.folder, row)
        shown = [raw[middle] / raw[middle].max(), *(gaussian_filter(one, 0.5 + 3 * far) for one in maps)]
        gap = np.ones((raw.shape[1], 2))
        path = run.folder / "training" / "slices" / f"round-{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        tiles = np.hstack([part for one in shown for part in (one, gap)][:-1])
        Image.fromarray((255 * np.clip(tiles, 0, 1)).astype(np.uint8)).save(path)
    project.update_run(run.id, state="done", message=f"{name} is ready.")
    project.add_model(name, CPU_MODEL, {number: project.label_marks()[number] for number in ids}, run.id)
    assert latest_training(project, phase) is not None


def _compare(project: Project) -> None:
    run = project.new_run("compare", "Compare M1 with M2", [], lambda folder: ["compare", str(folder), PAIRS], phase=4)
    figures = {"M1": (0.871, 0.612, 0.701), "M2": (0.948, 0.803, 0.812)}
    rows = []
    for stage in STAGES:
        for model, values in figures.items():
            less = 0.0 if stage == AFTER else 0.06
            row = zip(("f1_0.5", "f1_0.75", "pq_0.5"), (value - less for value in values), strict=True)
            rows.append({"model": model, "stage": stage, "cyst": "ALL"} | dict(row))
    verdict = (
        "M2 is better than M1. Of 118 cells in 2 cysts, M2 finds 95 % right and M1 87 % (F1). With how well they are "
        "outlined it is 0.81 against 0.70 of 1 (PQ). M2 was the better one in 2 of 2 cysts. That is little to compare "
        "with, so take it as a hint."
    )
    write_json(run.folder / COMPARISON, {"rows": rows, "verdict": verdict})
    project.update_run(run.id, state="done", message=verdict)
