"""The whole program with hosting and data in processes of their own: killed at random under load, and
killed itself."""
import json
import os
import pathlib
import random
import signal
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/isolation")]
from load import Load, eventually  # noqa: E402
from stack import Stack  # noqa: E402

STACK_FILE = str(ROOT / "examples/stacks/isolated.yaml")


def slots(stack):
    status = json.loads(stack.run("status", "--json", check=False).stdout)
    return {slot["name"]: slot for slot in status["slots"]}


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Isolated(unittest.TestCase):
    def test_no_acknowledged_write_is_lost(self):
        dice = random.Random(4)
        with Stack(stack_file=STACK_FILE) as stack:
            pauses = []
            with Load(stack) as load:
                for slot in ["hosting", "record", "hosting", "record"]:
                    load.wait_for(20)
                    time.sleep(dice.uniform(0, 0.05))
                    before = slots(stack)[slot]
                    os.kill(before["pid"], signal.SIGKILL)
                    pauses.append(load.wait_for(4))
                    self.assertEqual(stack.get("/fhir/metadata").status, 200)
                    self.assertTrue(eventually(
                        lambda: slots(stack)[slot]["restarts"] == before["restarts"] + 1))
            print(f"{len(load.acknowledged)} writes acknowledged, {len(load.failed)} refused "
                  f"({load.failed}); back after {max(pauses):.3f} s at most")
            self.assertEqual(load.lost(), [])
            # What was in flight is repeated once; at most it is refused with: try again.
            self.assertLessEqual(len(load.failed), 3 * 4)
            self.assertLessEqual({status for _, status in load.failed}, {503, 504})

    def test_processes_end_with_a_killed_core(self):
        with Stack(stack_file=STACK_FILE) as stack:
            pids = [slot["pid"] for slot in slots(stack).values() if slot["pid"]]
            self.assertEqual(len(pids), 2)
            stack.kill()
            self.assertTrue(eventually(lambda: not any(alive(pid) for pid in pids)))

    def test_a_crash_loop_shows_in_status(self):
        with Stack(stack_file=STACK_FILE) as stack:
            for _ in range(5):
                self.assertTrue(eventually(
                    lambda: slots(stack)["hosting"]["pid"]
                    or "quarantined" in slots(stack)["hosting"]["reason"]))
                if pid := slots(stack)["hosting"]["pid"]:
                    os.kill(pid, signal.SIGKILL)
                    self.assertTrue(eventually(lambda: slots(stack)["hosting"]["pid"] != pid))
            self.assertTrue(eventually(
                lambda: "quarantined" in slots(stack)["hosting"]["reason"]))
            self.assertIn("quarantined: its process ended 5 times within 60 s; last: killed by signal 9",
                          stack.run("status", check=False).stdout)
            self.assertEqual(slots(stack)["hosting"]["health"], "not serving")
            self.assertEqual(stack.get("/").status, 200)  # The rest serves.


if __name__ == "__main__":
    unittest.main()
