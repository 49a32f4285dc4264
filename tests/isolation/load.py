"""Clients of a stack for tests: each writes records of its own (by update, by create and in
transactions), reads every one back at once and searches for it."""
import threading
import time

from stack import eventually

SYSTEM = "urn:load"


def basic(identifier):
    return {"resourceType": "Basic", "identifier": [{"system": SYSTEM, "value": identifier}],
            "code": {"text": "load"}}


class Load:
    """`with Load(stack) as load:` Afterwards: what was acknowledged, and what went wrong."""

    def __init__(self, stack, clients=3):
        self._stack = stack
        self.acknowledged = {}
        self.created = []  # Identifiers of what was created, each once.
        self.failed = []  # (what, status, why)
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client):
        number = 0
        while not self._end.is_set():
            number += 1
            name = f"c{client}-{number}"
            body = {"resourceType": "Basic", "id": name, "code": {"text": str(number)}}
            answer = self._stack.request("PUT", f"/fhir/Basic/{name}", body)
            if answer.status not in (200, 201):
                self.failed.append(("write", answer.status, answer.body[:300]))
                continue
            self.acknowledged[name] = str(number)
            answer = self._stack.get(f"/fhir/Basic/{name}")
            if answer.status != 200 or answer.json()["code"]["text"] != str(number):
                self.failed.append(("read", answer.status, answer.body[:300]))
            answer = self._stack.get(f"/fhir/Basic?_id={name}")
            if answer.status != 200 or len(answer.json().get("entry", [])) != 1:
                self.failed.append(("search", answer.status, answer.body[:300]))
            self._create(name)

    def _create(self, name):
        """One by POST, two in a transaction."""
        answer = self._stack.request("POST", "/fhir/Basic", basic(f"{name}-post"))
        self._note("create", answer, 201, [f"{name}-post"])
        both = [f"{name}-one", f"{name}-two"]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": basic(one), "request": {"method": "POST", "url": "Basic"}} for one in both]}
        self._note("transaction", self._stack.request("POST", "/fhir", bundle), 200, both)

    def _note(self, what, answer, status, names):
        if answer.status == status:
            self.created += names
        else:
            self.failed.append((what, answer.status, answer.body[:300]))

    def wait_for(self, more):
        """Until `more` writes were acknowledged from now on; gives the seconds that it took."""
        begun, at = time.monotonic(), len(self.acknowledged)
        if not eventually(lambda: len(self.acknowledged) >= at + more, seconds=60):
            raise AssertionError(f"{len(self.acknowledged) - at} of {more} writes; {self.failed}")
        return time.monotonic() - begun

    def lost(self):
        """Acknowledged writes that are not there."""
        return [name for name, text in self.acknowledged.items()
                if self._stack.get(f"/fhir/Basic/{name}").json().get("code") != {"text": text}]

    def not_once(self):
        """Acknowledged creates that are not there, or there twice; with how often."""
        counts = {name: len(self._stack.search(f"/fhir/Basic?identifier={SYSTEM}|{name}"))
                  for name in self.created}
        return {name: count for name, count in counts.items() if count != 1}
