"""Check the right answers."""

import sys

from tests.classroom.right_answers import main

sys.exit(main(sys.argv[1:]))
