"""A large transaction and kill -9: all of it or nothing is there afterwards, and sending it again is harmless."""
import http.client
import json
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stack import Stack  # noqa: E402

ENTRIES = 3000
TAG = "urn:test|large"
# How much the log has grown when the process is killed: before, in the middle of, and after the publication.
KILL_AT_MIB = [0.3, 4, 9]


def bundle():
    """Observations that refer to a patient of the same bundle, with text that does not pack well."""
    noise = random.Random(3)
    meta = {"tag": [{"system": "urn:test", "code": "large"}]}
    entries = [{"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111", "request": {"method": "PUT", "url": "Patient/large"},
                "resource": {"resourceType": "Patient", "id": "large", "meta": meta}}]
    for number in range(1, ENTRIES):
        text = "".join(noise.choices("0123456789abcdef", k=2400))
        entries.append({"request": {"method": "POST", "url": "Observation"}, "resource": {
            "resourceType": "Observation", "meta": meta, "status": "final", "code": {"text": f"number {number}"},
            "subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}, "note": [{"text": text}]}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def post(stack, body):
    connection = http.client.HTTPConnection(stack.http, timeout=100)
    try:
        connection.request("POST", "/fhir", body, {"Content-Type": "application/fhir+json", "X-Request-Id": "large-1"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def log_bytes(stack):
    return sum(p.stat().st_size for p in pathlib.Path(stack.data).rglob("store.db-wal"))


class LargeTransaction(unittest.TestCase):
    def count(self, stack):
        totals = [stack.get(f"/fhir/{kind}?_tag={TAG}&_summary=count").json()["total"] for kind in ("Patient", "Observation")]
        return sum(totals)

    def test_is_all_there_or_not_at_all(self):
        body, outcomes = json.dumps(bundle()).encode(), []
        for at in KILL_AT_MIB:
            with self.subTest(mebibytes=at), Stack() as stack:
                answered = self.post_and_kill(stack, body, at)
                stack.start()
                found = self.count(stack)
                outcomes.append(found)
                self.assertIn(found, (0, ENTRIES))
                if answered:
                    self.assertEqual(found, ENTRIES)
                # Whatever happened: the same request again, and it is there once.
                status, answer = post(stack, body)
                self.assertEqual(status, 200, answer[:500])
                self.assertEqual(len(json.loads(answer)["entry"]), ENTRIES)
                self.assertEqual(self.count(stack), ENTRIES)
                self.assertEqual(stack.get("/fhir/Patient/large").json()["meta"]["versionId"], "1")
        self.assertEqual(outcomes[0], 0, "the first kill came too late to prove anything")

    def post_and_kill(self, stack, body, mebibytes):
        """Kills the process when its log has grown so far, or it has answered; whether it had answered."""
        answers = []

        def run():
            try:
                answers.append(post(stack, body)[0])
            except (OSError, http.client.HTTPException):
                pass  # killed

        before = log_bytes(stack)
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive() and log_bytes(stack) < before + mebibytes * 2**20:
            time.sleep(0.001)  # leaves the processor to the server
        stack.kill()
        thread.join()
        return answers == [200]


if __name__ == "__main__":
    unittest.main(verbosity=2)
