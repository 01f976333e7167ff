"""TensorFlow without its messages, and with a word while it is loaded."""

import os

import pytest
from jupyter_client.manager import start_new_kernel

from helpers.quiet import error_channel_aside


def test_what_tensorflow_writes_is_hidden_and_shown_when_the_import_fails(capfd):
    with error_channel_aside():
        os.write(2, b"harmless noise")
    assert "harmless" not in capfd.readouterr().err
    with pytest.raises(ImportError), error_channel_aside():
        os.write(2, b"libfoo.so: cannot open")
        raise ImportError
    assert "libfoo.so: cannot open" in capfd.readouterr().err


def test_a_reader_is_told_what_the_page_waits_for_until_it_is_over():
    """In a real kernel: asked by a page, and by a program that runs notebooks and answers no questions."""
    manager, client = start_new_kernel()
    try:

        def outputs(code: str, reader: bool) -> list:
            said = []
            hook = {"output_hook": lambda message: said.append((message["msg_type"], message["content"].get("data")))}
            reply = client.execute_interactive(code, timeout=120, allow_stdin=reader, **hook)
            assert reply["content"]["status"] == "ok", reply["content"]
            return [each for each in said if each[0] not in ("status", "execute_input")]

        (first, data), (last, _) = outputs("from helpers.quiet import keras, one_moment", reader=True)
        assert (first, last) == ("display_data", "clear_output")
        assert "One moment: TensorFlow" in data["text/html"] and 'role="status"' in data["text/html"]
        assert outputs("from helpers.lenet import lenet5", reader=True) == [], "it is loaded"
        assert outputs("with one_moment('again'): pass", reader=True)
        assert outputs("with one_moment('again'): pass", reader=False) == [], "or the sentence would be stored"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
