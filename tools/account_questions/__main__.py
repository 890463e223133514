"""``tools/account-questions``: ask an AWS account."""

from __future__ import annotations

import sys

from tools.account_questions.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
