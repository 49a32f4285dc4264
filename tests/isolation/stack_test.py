"""The whole program with hosting and data in processes of their own: killed at random under load, and
killed itself."""
import http.client
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
from load import Load  # noqa: E402
from stack import Stack, eventually  # noqa: E402

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
    def test_no_request_fails_and_no_write_is_lost_or_doubled(self):
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
            print(f"{len(load.acknowledged)} writes acknowledged; "
                  f"back after {max(pauses):.3f} s at most")
            print(f"{len(load.created)} records created, by themselves and in transactions")
            self.assertEqual(load.lost(), [])
            self.assertEqual(load.not_once(), {})
            self.assertEqual(load.failed, [])  # What was in flight is repeated.

    def test_a_large_transaction_is_made_again(self):
        entries = [{"resource": {"resourceType": "Basic", "code": {"text": f"{i} " + 3000 * "x"}},
                    "request": {"method": "POST", "url": "Basic"}} for i in range(12000)]
        body = json.dumps(
            {"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()
        with Stack(stack_file=STACK_FILE) as stack:
            client = http.client.HTTPConnection(stack.http, timeout=60)
            client.putrequest("POST", "/fhir")
            client.putheader("Content-Type", "application/fhir+json")
            client.putheader("Content-Length", str(len(body)))
            client.endheaders()
            # Most of it has reached the record by the time that the last bytes are missing.
            client.send(body[:-1])
            record = slots(stack)["record"]
            self.assertEqual(record["in_flight"], 1)
            os.kill(record["pid"], signal.SIGKILL)
            self.assertTrue(eventually(lambda: slots(stack)["record"]["restarts"] == 1))
            client.send(body[-1:])
            answer = client.getresponse()

            self.assertEqual(answer.status, 200, answer.read()[:300])
            total = stack.get("/fhir/Basic?_summary=count").json()["total"]
            self.assertEqual(total, len(entries))

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
