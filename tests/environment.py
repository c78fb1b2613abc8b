"""Loaded as a pytest plugin before Django's settings are: tests make up their secrets, in a folder of their own."""

import os
import tempfile

os.environ["DEBUG"] = "true"
os.environ["VENDO_DATA_DIR"] = os.environ.get("VENDO_TEST_DATA_DIR") or tempfile.mkdtemp(prefix="vendo-test-")
