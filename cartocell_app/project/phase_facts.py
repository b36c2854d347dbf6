"""What the state of the five phases is computed from: facts, without a project or a disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cartocell_app.project.values import UNFINISHED, Role, State

if TYPE_CHECKING:
    from cartocell_app.project.project import Project


@dataclass(frozen=True)
class SampleFacts:
    """What counts of a sample.

    Attributes
    ----------
    role : str
        Which phase it is for.
    state : str
        How far it is.
    has_voxel_size : bool
        Whether its voxel size is known.
    mark : str or None
        Of its labels, see `Project.label_marks`; None if it has none.
    segmented : datetime or None
        When its labels were made, if the network made them and nobody has corrected them since.
    cut_from : int or None
        Number of the field that it was cut out of, if it was.
    """

    role: Role
    state: State = "to do"
    has_voxel_size: bool = True
    mark: str | None = None
    segmented: datetime | None = None
    cut_from: int | None = None


@dataclass(frozen=True)
class ModelFacts:
    """What counts of a trained model.

    Attributes
    ----------
    made : datetime
        When its training ended.
    trained_on : mapping of int to str
        Numbers of the samples that it learnt from, and the marks of their labels then.
    """

    made: datetime
    trained_on: Mapping[int, str]


@dataclass(frozen=True)
class ProjectFacts:
    """What counts of a project.

    Attributes
    ----------
    samples : mapping of int to SampleFacts
        All samples by number.
    models : mapping of str to ModelFacts
        Those called ``"M1"`` and ``"M2"``, as far as they are there.
    busy : frozenset of int
        Phases for which a run goes on or waits.
    """

    samples: Mapping[int, SampleFacts] = field(default_factory=dict)
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    busy: frozenset[int] = frozenset()

    def of(self, *roles: Role) -> dict[int, SampleFacts]:
        """Samples of some roles."""
        return {number: sample for number, sample in self.samples.items() if sample.role in roles}

    def accepted(self, *roles: Role) -> dict[int, str]:
        """Numbers and marks of the samples of some roles that a person found good: what a training learns from."""
        return {
            number: sample.mark
            for number, sample in self.of(*roles).items()
            if sample.state == "accepted" and sample.mark is not None
        }


def facts_of(project: "Project") -> ProjectFacts:
    """Facts of an open project; quick enough for the window's thread."""
    marks = project.label_marks()
    segmented = project.segmented_times()
    samples = {
        sample.id: SampleFacts(
            sample.role,
            sample.state,
            sample.voxel_size is not None,
            marks.get(sample.id),
            segmented.get(sample.id),
            None if sample.cut_out is None else sample.cut_out.field_id,
        )
        for sample in project.samples()
    }
    models = {name: ModelFacts(model.made, model.trained_on) for name, model in project.models().items()}
    busy = frozenset(run.phase for run in project.runs() if run.state in UNFINISHED and run.phase is not None)
    return ProjectFacts(samples, models, busy)
