"""Figures of the whole embedded stack: start, memory, import and reads over HTTP.

STRATA_BENCH_DATA names a folder of FHIR bundles to import instead of the sample patients, which are
otherwise repeated (each time under new ids) to about 54,747 resources.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "integration"))
from stack import PATIENTS, ROOT, Stack  # noqa: E402


def memory(stack, field):
    status = pathlib.Path(f"/proc/{stack.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def disk(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


def files():
    folder = os.environ.get("STRATA_BENCH_DATA")
    if folder:
        return [folder]
    shared = sorted(str(p) for p in PATIENTS.glob("0-*.zst"))
    patients = sorted(str(p) for p in PATIENTS.glob("*.zst") if not p.name.startswith("0-"))
    return shared + patients * 7


def main():
    started = time.monotonic()
    with Stack() as stack:
        print(f"start to ready, empty store     {time.monotonic() - started:8.3f} s    (goal <= 0.3)")
        print(f"idle memory                     {memory(stack, 'VmRSS'):8.1f} MiB  (goal <= 64)")
        result = stack.run("import", *files())
        count, seconds = re.search(r"imported (\d+) resources .* in (\S+)", result.stdout).groups()
        minutes = re.fullmatch(r"(\d+)m(\d+)s", seconds)
        seconds = int(minutes[1]) * 60 + int(minutes[2]) if minutes else float(seconds[:-1])
        print(f"import, {int(count):6d} resources        {int(count) / seconds:8.0f} /s   (goal >= 4000)")
        print(f"peak memory of it               {memory(stack, 'VmHWM'):8.1f} MiB  (goal < 512)")
        patient = stack.get("/fhir/Patient?_count=1").json()["entry"][0]["resource"]["id"]
        url = f"http://{stack.http}/fhir/Patient/{patient}"
        subprocess.run([str(ROOT / "build/release/bin/http_bench"), "--url", url], check=True)
        stack.stop()
        print(f"disk per resource               {disk(stack.data) / int(count):8.0f} bytes")


if __name__ == "__main__":
    main()
