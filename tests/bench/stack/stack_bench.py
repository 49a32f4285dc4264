"""Figures of the whole embedded stack: start, memory, import, reads and searches over HTTP.

STRATA_BENCH_DATA names a folder of FHIR bundles to import instead of the sample patients, which are
otherwise repeated (each time under new ids and identifiers) to about 54,747 resources.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

COPIES = 7
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "integration"))
from stack import PATIENTS, ROOT, Stack  # noqa: E402


def memory(stack, field):
    status = pathlib.Path(f"/proc/{stack.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def disk(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


def renumbered(folder, copies):
    """Copies of the sample patients in a folder; Synthea's identifier of each is its own."""
    for path in sorted(PATIENTS.glob("*.zst")):
        text = subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True).stdout
        name = path.name.split(".")[0]
        if name.startswith("0-"):
            (folder / f"{name}.json").write_bytes(text)
            continue
        for copy in range(copies):
            other = f"{(int(name[:8], 16) + copy * 7919) % 2**32:08x}{name[8:]}"
            (folder / f"{copy:03}-{name}.json").write_bytes(text.replace(name.encode(), other.encode()))


def files(folder):
    given = os.environ.get("STRATA_BENCH_DATA")
    if not given:
        renumbered(folder, COPIES)
        given = folder
    return sorted(str(p) for p in pathlib.Path(given).iterdir() if ".json" in p.name)


def synthea(identifiers):
    return next(i["value"] for i in identifiers if i["system"].endswith("/synthea"))


def people(stack):
    """Id and identifier of some patients."""
    entries = stack.get("/fhir/Patient?_count=50").json()["entry"]
    found = [(e["resource"]["id"], synthea(e["resource"]["identifier"])) for e in entries]
    # One with a full page of readings first.
    return sorted(found, key=lambda p: -len(stack.get(newest(p[0])).json().get("entry", [])))


def search(resource_type, **parameters):
    return f"/fhir/{resource_type}?" + urllib.parse.urlencode(parameters)


PRESSURE = "http://loinc.org|85354-9"


def newest(patient):
    return search("Observation", patient=patient, code=PRESSURE, date="ge2010", _sort="-date", _count=20)


def figures(patient):
    identifier = search("Patient", identifier=patient[1])
    return [
        ("read", ">= 75 % of Poco", f"/fhir/Patient/{patient[0]}"),
        ("search by identifier", ">= 50 % of Poco", identifier),
        ("patient + code + date, newest first, 20 rows", ">= 4000/s", newest(patient[0])),
    ]


def mix(patients):
    """What clients ask in turn, for many patients."""
    paths = []
    for patient, identifier in patients:
        paths += [
            f"/fhir/Patient/{patient}",
            search("Patient", identifier=identifier),
            newest(patient),
            search("Observation", patient=patient, category="laboratory", _sort="-date", _count=20),
            search("Observation", patient=patient, date="ge2012", _count=20) + "&date=lt2016",
            search("Encounter", patient=patient, _sort="-date", _count=20),
            search("Condition", patient=patient, **{"clinical-status": "active"}),
            search("Observation", **{"patient.identifier": identifier}, _sort="-date", _count=20),
            search("Patient", identifier=identifier, **{"_has:Observation:patient:code": PRESSURE}),
            search("Observation", status="final", category="laboratory", _sort="-date", _count=20),
            search("Observation", patient=patient, code=PRESSURE, _include="Observation:encounter"),
            search("Patient", name="Ab", _sort="birthdate", _count=20),
        ]
    return paths


def http_bench(stack, path, *arguments):
    bench = str(ROOT / "build/release/bin/http_bench")
    url = f"http://{stack.http}{path}"
    subprocess.run([bench, "--url", url, "--seconds", "1", *arguments], check=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        measure(files(pathlib.Path(folder)))


def measure(paths):
    started = time.monotonic()
    with Stack() as stack:
        print(f"start to ready, empty store     {time.monotonic() - started:8.3f} s    (goal <= 0.3)")
        print(f"idle memory                     {memory(stack, 'VmRSS'):8.1f} MiB  (goal <= 64)")
        result = stack.run("import", *paths)
        count, seconds = re.search(r"imported (\d+) resources .* in (\S+)", result.stdout).groups()
        minutes = re.fullmatch(r"(\d+)m(\d+)s", seconds)
        seconds = int(minutes[1]) * 60 + int(minutes[2]) if minutes else float(seconds[:-1])
        print(f"import, {int(count):6d} resources        {int(count) / seconds:8.0f} /s   (goal >= 6000)")
        print(f"peak memory of it               {memory(stack, 'VmHWM'):8.1f} MiB  (goal < 512)")
        patients = people(stack)
        for name, goal, path in figures(patients[0]):
            print(f"{name}  (goal {goal})", flush=True)
            http_bench(stack, path)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(mix(patients)))
            file.flush()
            print("mixed searches  (goal p99 <= 10 ms)", flush=True)
            http_bench(stack, "/fhir/Patient", "--mix", file.name)
        stack.stop()
        print(f"disk per resource               {disk(pathlib.Path(stack.data) / 'slots') / int(count):8.0f} bytes  (goal <= 1000)")


if __name__ == "__main__":
    main()
