"""What a student reads when a kernel was ended from outside: JupyterLab says only that it died."""

import os
import signal

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


def sentence(limit: int) -> str:
    """Return what to tell; limit: the bytes that a student may hold, 0 when there is none."""
    gigabytes = f"more than your {limit / 2**30:.3g} GB" if limit else "more memory than there is"
    return (
        f"This kernel was ended from outside, most likely since your notebooks held {gigabytes} of memory together. "
        "Your file is safe, its variables are gone. Shut down the kernels of other notebooks (the square with the dot, "
        "on the left), make the data smaller, and run the cells again from the top."
    )


class TellingConnection(ZMQChannelsWebsocketConnection):
    """A page's connection with a kernel; it tells below the cell that ran why the kernel is gone."""

    _ran = None  # the header of the page's last request to run a cell

    def handle_outgoing_message(self, stream, outgoing_msg: list) -> None:
        """Pass on what the kernel says, and keep which request it answers."""
        _, parts = self.session.feed_identities(outgoing_msg)
        if b'"execute_request"' in parts[2]:
            self._ran = self.session.unpack(parts[2])
        super().handle_outgoing_message(stream, outgoing_msg)

    def on_kernel_restarted(self) -> None:
        """Tell the page that the kernel starts again, and before that why."""
        process = getattr(self.kernel_manager.provisioner, "process", None)
        if process is not None and process.returncode == -signal.SIGKILL:
            self.write_stderr(sentence(int(os.environ.get("MEM_LIMIT", 0))), self._ran or {})
        super().on_kernel_restarted()
