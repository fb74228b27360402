"""What a person is told when something cannot be done: one sentence with the value and the remedy."""


class LabError(Exception):
    """A condition that the person at the keyboard can act on; shown without a traceback."""
