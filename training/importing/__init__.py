"""Models from and for other programs: Keras, BiaPy, the BioImage Model Zoo."""

from training.importing.importing import import_model
from training.importing.model_zoo_writing import export_model_zoo

__all__ = ["export_model_zoo", "import_model"]
