"""Starts a console on a core that is made up and has real Chromium walk through it."""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from stack import Stack  # noqa: E402  (found through the line above)

STACK = """
stack: demo
slots:
  fake: {plugin: console_fake_core}
  console: {plugin: service_console, requires: {core: fake}}
"""


def main():
    if not (HERE / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(STACK)
        file.flush()
        with Stack(stack_file=file.name) as stack:
            environment = dict(os.environ, BASE_URL=f"http://{stack.admin}")
            return subprocess.run(["node", "console_test.mjs"], cwd=HERE, env=environment,
                                  check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
