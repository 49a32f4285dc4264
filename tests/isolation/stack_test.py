"""The whole program with hosting and data in processes of their own: killed at random under load, and
killed itself."""
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
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


def eventually(condition, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Isolated(unittest.TestCase):
    def test_no_acknowledged_write_is_lost(self):
        dice = random.Random(4)
        with Stack(stack_file=STACK_FILE) as stack:
            acknowledged, refused, end = {}, [], threading.Event()

            def write(worker):
                number = 0
                while not end.is_set():
                    number += 1
                    body = {"resourceType": "Basic", "id": f"w{worker}-{number}",
                            "code": {"text": str(number)}}
                    answer = stack.request("PUT", f"/fhir/Basic/{body['id']}", body)
                    if answer.status in (200, 201):
                        acknowledged[body["id"]] = str(number)
                    else:
                        refused.append(answer.status)

            workers = [threading.Thread(target=write, args=(i,)) for i in range(3)]
            for worker in workers:
                worker.start()
            pauses = []
            for slot in ["hosting", "record", "hosting", "record"]:
                at = len(acknowledged)
                self.assertTrue(eventually(lambda: len(acknowledged) > at + 20))
                time.sleep(dice.uniform(0, 0.05))
                before = slots(stack)[slot]
                os.kill(before["pid"], signal.SIGKILL)
                killed = time.monotonic()
                at = len(acknowledged)
                self.assertTrue(eventually(lambda: len(acknowledged) > at + 3))
                pauses.append(time.monotonic() - killed)
                self.assertEqual(stack.get("/fhir/metadata").status, 200)
                self.assertTrue(eventually(
                    lambda: slots(stack)[slot]["restarts"] == before["restarts"] + 1))
            end.set()
            for worker in workers:
                worker.join()
            for name, text in acknowledged.items():
                answer = stack.get(f"/fhir/Basic/{name}")
                self.assertEqual(answer.status, 200, name)
                self.assertEqual(answer.json()["code"]["text"], text)
            print(f"{len(acknowledged)} writes acknowledged, none lost; {len(refused)} refused "
                  f"({sorted(set(refused))}); back after {max(pauses):.3f} s at most")
            # Only what was in flight is refused, with a code that says: try again.
            self.assertLessEqual(len(refused), 3 * 4)
            self.assertLessEqual(set(refused), {503, 504})

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
            self.assertEqual(slots(stack)["hosting"]["health"], "not serving")
            self.assertEqual(stack.get("/").status, 200)  # The rest serves.


if __name__ == "__main__":
    unittest.main()
