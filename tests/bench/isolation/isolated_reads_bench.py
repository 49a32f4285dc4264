#!/usr/bin/python3
"""FHIR reads and searches by 16 clients with the record in the core's process, in one of its own, and
its store in one of its own as well; each beside a bare Poco server that sends the same bytes."""
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench/stack")]
from stack import PATIENTS, Stack  # noqa: E402
from stack_bench import figures, http_bench, people  # noqa: E402

STACK_FILE = """
stack: isolated_reads
slots:
  hosting: {{plugin: hosting_sqlite, isolation: {hosting}}}
  record: {{plugin: data_fhir, requires: {{store: hosting}}, isolation: {record}}}
  fhir: {{plugin: service_fhir_api, requires: {{record: record}}}}
"""
WHERE = {
    "all in the core's process": {"hosting": "in-process", "record": "in-process"},
    "record isolated": {"hosting": "in-process", "record": "process"},
    "record and store isolated": {"hosting": "process", "record": "process"},
}


def main():
    for name, isolation in WHERE.items():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(STACK_FILE.format(**isolation))
            file.flush()
            with Stack(stack_file=file.name) as stack:
                stack.run("import", *(str(path) for path in sorted(PATIENTS.glob("*.zst"))))
                for figure, _, path in figures(people(stack)[0]):
                    print(f"{name}: {figure}", flush=True)
                    http_bench(stack, path)


if __name__ == "__main__":
    main()
