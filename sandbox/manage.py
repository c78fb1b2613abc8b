#!/usr/bin/env python
"""Command line of the sandbox provider: `python sandbox/manage.py serve --port 8500`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # Set, not defaulted: the dashboard's own settings may be in the environment that starts us.
    os.environ["DJANGO_SETTINGS_MODULE"] = "lookalike.settings"
    execute_from_command_line(sys.argv)
