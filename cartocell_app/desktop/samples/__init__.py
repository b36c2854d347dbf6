"""The list of samples: what is in the project, how far each is, and which one is looked at."""
