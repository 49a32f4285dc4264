"""Has real Chromium walk through the console: `made-up` on a core that is none, `real` on a stack."""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from stack import ROOT, Stack  # noqa: E402  (found through the line above)

MADE_UP = """
stack: demo
slots:
  fake: {plugin: console_fake_core}
  console: {plugin: service_console, requires: {core: fake}}
"""


def run(script, stack):
    environment = dict(os.environ, BASE_URL=f"http://{stack.admin}", PUBLIC_URL=f"http://{stack.http}")
    return subprocess.run(["node", script], cwd=HERE, env=environment, check=False).returncode


def main(which):
    if not (HERE / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    if which == "real":
        with Stack(stack_file=str(ROOT / "examples/stacks/memory.yaml")) as stack:
            return run("console_swap_test.mjs", stack)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(MADE_UP)
        file.flush()
        with Stack(stack_file=file.name) as stack:
            return run("console_test.mjs", stack)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
