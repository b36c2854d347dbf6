"""The project that pictures of the window show."""

import shutil
from pathlib import Path

from scenes_phase_3 import add_phase_3


def make_project(folder: Path) -> object:
    """A project with samples of three days in all states; one of them really has cells."""
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import NewSample
    from cartocell_app.resources import SAMPLE_LABELS, SAMPLE_STACK
    from cartocell_app.stacks.reading import read

    stack = read(SAMPLE_STACK)
    new = []
    for day, conditions in (("4 d", "ABB"), ("7 d", "ABCCBA"), ("10 d", "CA")):
        for number, condition in enumerate(conditions, 1):
            path = folder.parent / "confocal" / f"{day.replace(' ', '')}.{number}{condition}.{number + 7}_{number}.tif"
            path.parent.mkdir(exist_ok=True)
            shutil.copy(SAMPLE_STACK, path)
            size = None if (day, number) == ("10 d", 2) else stack.voxel_size
            new.append(NewSample(path, voxel_size=size, shape=stack.shape, day=day, condition=condition))
    project = Project.create(folder, "MDCK hypoxia")
    samples = project.add_samples(new)
    for sample in samples[:8]:
        # A copy, since measurements are kept beside labels.
        labels = folder / "labels" / f"{sample.name}.tif"
        shutil.copy(SAMPLE_LABELS, labels)
        project.add_labels(sample.id, labels, "segmented", cells=82)
    project.update_samples([sample.id for sample in samples[:3]], state="accepted")
    project.update_samples([samples[4].id], state="rejected", reason="Cyst is cut by the frame")
    project.update_samples([samples[9].id], state="failed", reason="It is 2D.")
    samples[10].path.unlink()
    add_phase_3(project, samples)
    return project
