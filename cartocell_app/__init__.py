"""CartoCell: from confocal stacks of epithelial cysts to segmented, touching cells."""

__version__ = "0.1.0"
