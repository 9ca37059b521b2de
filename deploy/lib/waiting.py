"""What the scripts below deploy/ wait with; common.sh puts this directory on Python's path."""

import time


class RigError(AssertionError):
    """Something that ought to have happened did not."""


def wait_until(question, what, seconds=90):
    """Asks until the answer is True; says what is missing, and the last answer, when the time is up."""
    deadline = time.monotonic() + seconds
    while (answer := question()) is not True:
        if time.monotonic() > deadline:
            raise RigError(f"after {seconds} s still waiting for {what}: {answer}")
        time.sleep(0.05)
