"""`python -m nofb` is the command `nofb`."""

import sys

from nofb.cli import main

sys.exit(main())
