"""The store changes hands between the core's process and processes of its own while clients write."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/isolation")]
from load import Load  # noqa: E402
from stack import Stack  # noqa: E402

STACK = """stack: handover
slots:
  hosting: {plugin: hosting_sqlite}
  record: {plugin: data_fhir, requires: {store: hosting}}
  fhir: {plugin: service_fhir_api, requires: {record: record}}
"""


class Handover(unittest.TestCase):
    def swap(self, stack, *args):
        stack.run("swap", "hosting", *args, "--probation", "0")
        change = json.loads(stack.run("changes", "--json").stdout)["changes"][0]
        status = json.loads(stack.run("status", "--json").stdout)
        slot = next(slot for slot in status["slots"] if slot["name"] == "hosting")
        return change, slot

    def test_no_request_is_refused_whichever_way_it_goes(self):
        with tempfile.TemporaryDirectory(prefix="strata-handover-") as folder:
            path = os.path.join(folder, "stack.yaml")
            pathlib.Path(path).write_text(STACK)
            self.swap_all_ways(path)

    def swap_all_ways(self, stack_file):
        steps = [("in-process to process", ("--isolation", "process"), "process"),
                 ("process to process", ("--set", "cache_mib=32"), "process"),
                 ("process to in-process", ("--isolation", "in-process"), "in-process")]
        with Stack(stack_file=stack_file) as stack:
            with Load(stack) as load:
                for name, args, isolation in steps:
                    load.wait_for(10)
                    change, slot = self.swap(stack, *args)
                    print(f"{name}: pause {int(change['pause_us']) / 1000:.1f} ms")
                    self.assertEqual(change["state"], "done")
                    self.assertEqual(slot["isolation"], isolation)
                    self.assertEqual(slot["pid"] != 0, isolation == "process")
                    self.assertEqual(int(change["cancelled"]), 0)
                load.wait_for(10)
            print(f"{len(load.acknowledged)} writes acknowledged")
            self.assertEqual(load.failed, [])
            self.assertEqual(load.lost(), [])


if __name__ == "__main__":
    unittest.main()
