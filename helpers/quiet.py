"""`from helpers.quiet import keras` is `import keras`, without TensorFlow's start-up messages on the page.

TensorFlow writes notes about the processor straight to the process's error channel, from C++ code that no Python
setting silences. They are harmless and they look alarming. If the import fails, they are shown after all.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

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


with error_channel_aside():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()  # the first look at the devices brings the second half of the messages

__all__ = ["keras", "tf"]
