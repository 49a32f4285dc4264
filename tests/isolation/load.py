"""Clients of a stack for tests: each writes records of its own and reads every one back at once."""
import threading
import time


def eventually(condition, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Load:
    """`with Load(stack) as load:` Afterwards: what was acknowledged, and what went wrong."""

    def __init__(self, stack, clients=3):
        self._stack = stack
        self.acknowledged = {}
        self.failed = []  # (what, status)
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
                self.failed.append(("write", answer.status))
                continue
            self.acknowledged[name] = str(number)
            answer = self._stack.get(f"/fhir/Basic/{name}")
            if answer.status != 200 or answer.json()["code"]["text"] != str(number):
                self.failed.append(("read", answer.status))

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
