"""Starts the stack and has clients that others wrote, unchanged, work with it (needs nodejs and npm)."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from stack import Stack  # noqa: E402  (found through the line above)


def main():
    if not (HERE / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci", "--legacy-peer-deps", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"], cwd=HERE,
                       check=True)
    with Stack() as stack:
        environment = dict(os.environ, BASE_URL=f"http://{stack.http}/fhir")
        codes = [subprocess.run(["node", script], cwd=HERE, env=environment, check=False, timeout=120).returncode
                 for script in ("fhir_kit_client.mjs", "fhirclient.mjs")]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
