"""`from helpers.quiet import keras` is `import keras`, without TensorFlow's start-up messages on the page.

TensorFlow writes notes about the processor straight to the process's error channel, from C++ code that no Python
setting silences. They are harmless and they look alarming. If the import fails, they are shown after all.

The import takes several seconds, so a reader is told what the page waits for, until it is over.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from IPython import get_ipython
from IPython.display import HTML, clear_output, display

# A reader may have told Keras to use another engine, for other work. This course needs TensorFlow.
os.environ["KERAS_BACKEND"] = "tensorflow"


@contextlib.contextmanager
def error_channel_aside() -> Iterator[None]:
    """Send what is written to file descriptor 2 into a temporary file; show that file if an exception comes."""
    with tempfile.TemporaryFile() as aside:
        sys.stderr.flush()
        original = os.dup(2)
        os.dup2(aside.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(original, 2)
            os.close(original)
            if failed:
                aside.seek(0)
                print(aside.read().decode("utf-8", "replace"), file=sys.stderr)


@contextlib.contextmanager
def one_moment(what: str) -> Iterator[None]:
    """Say "One moment" and what is going on below the running cell, with a bar that moves, until it is over.

    Only where a reader sits: a program that runs a notebook answers no questions, and would store the sentence.
    """
    reader = getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False)
    if reader:
        display(HTML(f'<div role="status">One moment: {what} <progress aria-label="loading"></progress></div>'))
    try:
        yield
    finally:
        if reader:
            clear_output()


with one_moment("TensorFlow is being loaded."), error_channel_aside():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()  # the first look at the devices brings the second half of the messages

__all__ = ["keras", "tf"]
