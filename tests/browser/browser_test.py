"""Starts the stack on the sample patients and has real Chromium walk through the record viewer."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from stack import PATIENTS, Stack  # noqa: E402  (found through the line above)


def main():
    if not (HERE / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    with Stack() as stack:
        stack.run("import", str(PATIENTS))
        environment = dict(os.environ, BASE_URL=f"http://{stack.http}")
        return subprocess.run(["node", "viewer_test.mjs"], cwd=HERE, env=environment,
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
