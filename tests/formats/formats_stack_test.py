"""The whole program with a plugin that changes its stored format: swapped and committed under load,
killed in the middle, in one process and in one of its own."""
import json
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
import contracts  # noqa: E402
from contracts import hosting  # noqa: E402
from stack import Stack, eventually  # noqa: E402

FIXTURES = os.environ.get("STRATA_FIXTURES", str(ROOT / "build/dev/lib/fixtures/plugins"))
ROWS = 3000
MORE_MEMORY = 48 * 1024  # KiB that a migration may take; all rows are more when kept.
VALUE = b"x" * 40

STACK_FILE = """
stack: formats
slots:
  disk: {{plugin: hosting_sqlite}}
  rows:
    plugin: formats_rows_1
    requires: {{store: disk}}
    isolation: {isolation}
    config: {{hold_file: {hold}}}
"""


def memory_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


class Rows:
    """The rows of a stack, by its gRPC address of the moment."""

    def __init__(self, stack):
        self.client = contracts.Client(stack.grpc)

    def put(self, pairs):
        request = hosting.CommitRequest()
        for key, value in pairs:
            put = request.mutations.add().put
            put.key, put.value = key, value
        self.client.call("hosting.Hosting/Commit", request, metadata=(("strata-slot", "rows"),))

    def get(self, keys):
        answer = self.client.call("hosting.Hosting/Get", hosting.GetRequest(keys=keys),
                                  metadata=(("strata-slot", "rows"),))
        return [entry.value for entry in answer.entries]

    def stored(self):
        """The first bytes of all values in the store below: the formats that are there."""
        keys = [b"r" + key for key in self.keys]
        found = set()
        for at in range(0, len(keys), 500):
            answer = self.client.call("hosting.Hosting/Get",
                                      hosting.GetRequest(keys=keys[at:at + 500]),
                                      metadata=(("strata-slot", "disk"),))
            found |= {entry.value[:1] for entry in answer.entries}
        return found

    keys = [b"old%05d" % i for i in range(ROWS)]


class Writer(threading.Thread):
    """Writes without a pause; `kept` is what was acknowledged."""

    def __init__(self, stack):
        super().__init__()
        self.rows, self.kept, self.failed, self.end = Rows(stack), {}, [], threading.Event()
        self.start()

    def run(self):
        number = 0
        while not self.end.is_set():
            number += 1
            key = Rows.keys[number * 7 % ROWS] if number % 2 else b"new%06d" % number
            value = b"%d" % number
            try:
                self.rows.put([(key, value)])
                self.kept[key] = value
            except contracts.grpc.RpcError as error:
                self.failed.append(error.code())
                self.kept.pop(key, None)  # Nobody knows which of both.
                if not self.end.is_set():
                    time.sleep(0.02)

    def stop(self):
        self.end.set()
        self.join()

    def await_more(self, count):
        until = len(self.kept) + count
        return eventually(lambda: len(self.kept) >= until)


class StoredFormats(unittest.TestCase):
    def run_stack(self, isolation):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.hold = pathlib.Path(self.folder.name) / "hold"
        # A process of its own sees no more than its own folder: there is nothing to wait for then.
        stack_file = pathlib.Path(self.folder.name) / "stack.yaml"
        stack_file.write_text(STACK_FILE.format(isolation=isolation, hold=self.hold))
        return Stack(stack_file=str(stack_file), args=["--plugin-path", FIXTURES])

    def fill(self, stack):
        rows = Rows(stack)
        for at in range(0, ROWS, 500):
            rows.put([(key, VALUE) for key in rows.keys[at:at + 500]])

    def slot(self, stack):
        status = json.loads(stack.run("status", "--json", check=False).stdout)
        return next(slot for slot in status["slots"] if slot["name"] == "rows")

    def last_change(self, stack):
        return json.loads(stack.run("changes", "--json", check=False).stdout)["changes"][0]

    def check_all(self, stack, kept):
        rows = Rows(stack)
        keys = sorted(kept)
        for at in range(0, len(keys), 500):
            values = rows.get(keys[at:at + 500])
            self.assertEqual(values, [kept[key] for key in keys[at:at + 500]])

    def test_killed_in_the_middle(self):
        with self.run_stack("in-process") as stack:
            self.fill(stack)
            writer = Writer(stack)
            stack.run("swap", "rows", "formats_rows_2", "--probation", "0")
            self.assertTrue(writer.await_more(20))
            self.assertEqual(Rows(stack).stored(), {b"1"})
            stack.run("rollback", "rows")
            self.assertTrue(writer.await_more(20))
            self.assertEqual(self.slot(stack)["version"], "1.0.0")
            self.assertIn("waits for strata commit-format rows",
                          self.swap_again_and_show(stack))
            self.assertEqual(writer.failed, [])

            before = memory_kib(stack.process.pid)
            self.hold.touch()
            stack.run("commit-format", "rows", "--no-wait")
            self.assertTrue(eventually(lambda: Rows(stack).stored() == {b"1", b"2"}))
            self.assertTrue(writer.await_more(20))
            stack.kill()
            writer.stop()

            self.assertEqual(self.last_state_on_disk(stack), "RUNNING")
            stack.start()
            self.assertEqual(self.slot(stack)["format"],
                             {"name": "test.rows", "on_disk": 1, "writes": 2, "newest": 2})
            self.check_all(stack, writer.kept)
            again = Writer(stack)
            self.hold.unlink()
            self.assertTrue(eventually(lambda: self.last_change(stack)["state"] == "done"))
            self.assertTrue(again.await_more(20))
            again.stop()
            self.assertEqual(again.failed, [])
            self.assertEqual(Rows(stack).stored(), {b"2"})
            self.check_all(stack, {**writer.kept, **again.kept})
            self.assertEqual(self.slot(stack)["format"]["on_disk"], 2)
            grown = memory_kib(stack.process.pid) - before
            print(f"{len(writer.kept) + len(again.kept)} rows written, none lost; "
                  f"{grown} KiB more after the migration")
            self.assertLess(grown, MORE_MEMORY)

            refused = stack.run("swap", "rows", "formats_rows_1", check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("format 2 was committed", refused.stderr)

    def swap_again_and_show(self, stack):
        stack.run("swap", "rows", "formats_rows_2", "--probation", "0")
        return stack.run("status").stdout

    def last_state_on_disk(self, stack):
        lines = (pathlib.Path(stack.data) / "changes/changes.jsonl").read_text().splitlines()
        return json.loads(lines[-1])["state"]

    def test_in_a_process_of_its_own(self):
        with self.run_stack("process") as stack:
            self.fill(stack)
            stack.run("swap", "rows", "formats_rows_2", "--probation", "0")
            self.assertEqual(Rows(stack).stored(), {b"1"})
            writer = Writer(stack)
            stack.run("commit-format", "rows", "--no-wait")
            os.kill(self.slot(stack)["pid"], signal.SIGKILL)
            self.assertTrue(eventually(lambda: self.last_change(stack)["state"] != "running"))
            self.assertTrue(writer.await_more(20))
            writer.stop()
            change = self.last_change(stack)
            self.assertEqual(change["state"], "done", change.get("reason"))
            self.assertEqual(Rows(stack).stored(), {b"2"})
            self.assertEqual(self.slot(stack)["restarts"], 1)
            self.check_all(stack, writer.kept)
            # Only what was in flight when the process ended.
            self.assertLessEqual(len(writer.failed), 4)


if __name__ == "__main__":
    unittest.main()
