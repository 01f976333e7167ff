"""The verb `coursework` of course.py, for instructors.

python3 course.py coursework --seed TERM --out FOLDER    a term's release of the assignments, checked
                             --per-student LIST          the same with other tasks for each name in a list
python3 course.py coursework --practice                  renew what notebooks/coursework holds for practice
"""

import argparse
import sys
from pathlib import Path

from classroom.names import names_in
from classroom.release import Sorry, make_practice, make_release
from classroom.sample_class import write_class


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("course.py coursework", description="Make a term's release of the assignments.")
    parser.add_argument("--seed", metavar="TERM", help="a secret word for this term: all that is drawn follows from it")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="a new folder for the release")
    listed = "a file with a name a line, or a table (.csv) with a column `name`: tasks differ from student to student"
    parser.add_argument("--per-student", metavar="LIST", type=Path, help=listed)
    parser.add_argument(
        "--sample-class", action="store_true", help="write a made-up class to try the grading with as well"
    )
    parser.add_argument("--practice", action="store_true", help="renew what stands in notebooks/coursework instead")
    options = parser.parse_args(arguments)
    if not options.practice and not (options.seed and options.out):
        parser.error("please give --seed and --out")
    if options.sample_class and options.per_student:
        parser.error("a sample class is made for a release that is the same for all: please leave --per-student out")
    try:
        if options.practice:
            make_practice()
            return 0
        students = names_in(options.per_student.resolve()) if options.per_student else None
        make_release(options.seed, options.out.resolve(), students)
        if options.sample_class:
            write_class(options.out.resolve())
    except Sorry as told:
        print(told)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
