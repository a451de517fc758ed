"""``python -m outerward`` is the same as ``outerward``."""

import sys

from outerward.cli import main

if __name__ == "__main__":
    sys.exit(main())
