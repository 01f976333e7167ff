"""Start dask's scheduler, or a worker, for jobs on many machines: the verb `many` of course.py.

    python3 course.py many scheduler              without certificates for this machine alone
    python3 course.py many worker ADDRESS         one worker, with a thread for each processor

With my_work/many/cert.pem and key.pem on each machine all of them speak TLS, and accept nobody who has not the key.
Further arguments go to dask. Without any, what is needed is installed, and that is all.
"""

import signal
import subprocess
import sys
import time

from helpers.experiments.jobs import KEYS

WRONG_CALL = 2  # what programs return that do not understand their options
LONGEST_PAUSE = 30  # seconds


def command(what: str, *rest: str) -> list[str]:
    """Return the program of dask's that is to run, with its options: what is not for others listens on loopback."""
    given = ["--tls-ca-file", KEYS / "cert.pem", "--tls-cert", KEYS / "cert.pem", "--tls-key", KEYS / "key.pem"]
    tls = KEYS.is_dir()
    options = [*map(str, given)] if tls else ["--host", "127.0.0.1"]
    if what == "scheduler":
        options += ["--dashboard-address", "127.0.0.1:8787", *(["--protocol", "tls"] if tls else [])]
    else:
        options += ["--dashboard-address", "127.0.0.1:0", "--nworkers", "1"]
    return [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, *rest]


def main(*arguments: str) -> int:
    if not arguments or arguments[0] not in ("scheduler", "worker"):
        print(__doc__.strip())
        return 2 if arguments else 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pause = 1
    while True:
        begun = time.monotonic()
        try:
            with subprocess.Popen(command(*arguments)) as process:
                try:
                    code = process.wait()
                except KeyboardInterrupt:
                    process.terminate()
                    return 130
            if code == WRONG_CALL or arguments[0] == "scheduler":
                return code
            # dask's worker ends for good when its scheduler does, or when a job kills it as it starts
            pause = 1 if time.monotonic() - begun > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            what = f"ended with {code}" if code else "has lost its scheduler"
            print(f"This worker {what}. It starts again in {pause} seconds; Ctrl-C ends it.", flush=True)
            time.sleep(pause)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
