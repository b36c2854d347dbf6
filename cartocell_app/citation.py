"""What to cite when results made with CartoCell are published."""

CITATION = (
    "J. A. Andrés-San Román et al., CartoCell, a high-content pipeline for 3D image analysis, unveils cell morphology "
    "patterns in epithelia. Cell Reports Methods 3, 100597 (2023)."
)
