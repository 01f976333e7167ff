"""TensorFlow without its messages."""

import os

import pytest

from helpers.quiet import error_channel_aside


def test_what_tensorflow_writes_is_hidden_and_shown_when_the_import_fails(capfd):
    with error_channel_aside():
        os.write(2, b"harmless noise")
    assert "harmless" not in capfd.readouterr().err
    with pytest.raises(ImportError), error_channel_aside():
        os.write(2, b"libfoo.so: cannot open")
        raise ImportError
    assert "libfoo.so: cannot open" in capfd.readouterr().err
