"""What a process of ours, or a student's code below it, may do: run by the tests of `classroom.apart`."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from classroom.apart import answer_jobs


def work(job, tell):
    tell({"cell": 3})
    if job["does"] == "answers":
        tell({"answer": 42})
    elif job["does"] == "raises":
        raise ValueError("of two lines\nthe last")
    elif job["does"] == "forges":  # as a student's process would, into all that it has inherited
        forge = "import os\nfor n in range(100):\n  try: os.write(n, b'{\"answer\": 41}\\n')\n  except OSError: pass"
        subprocess.run([sys.executable, "-c", forge], check=False)
        tell({"honest": True})
    elif job["does"] == "leaves daemons":
        # a new session, no parent and an empty environment
        subprocess.run(["/bin/sh", "-c", f"setsid env -i sleep {job['seconds']} & exit"], env={}, check=False)
        tell({"answer": 42})
    elif job["does"] == "leaves daemons and is killed":
        subprocess.run(["/bin/sh", "-c", f"setsid env -i sleep {job['seconds']} & exit"], env={}, check=False)
        os.kill(os.getpid(), signal.SIGKILL)
    elif job["does"] == "stops":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif job["does"] == "writes":
        with Path("large").open("wb") as file:
            while True:
                file.write(bytes(1_000_000))
                time.sleep(0.01)
    elif job["does"] == "writes many":
        for number in itertools.count():
            Path(f"folder{number % 7}").mkdir(exist_ok=True)
            Path(f"folder{number % 7}", str(number)).touch()
            time.sleep(0.001)
    elif job["does"] == "waits":
        time.sleep(600)


if __name__ == "__main__":
    answer_jobs(work)
