"""Why a benchmark cannot run, in a sentence for the person at the terminal."""


class CannotMeasure(Exception):
    """Something that the measure needs is missing or went wrong; no figure is given for it."""
