"""Scenarios over HTTP as tables: each step is one request and what its answer must be.

step("PUT Patient/a", body, headers..., status=200, header={...}, json={...}, save={...})
- the address is below /fhir; `$name` in it, in headers and in bodies (text) stands for a saved value;
- `header`: name -> regular expression that must match the whole value, or None: must not be there;
- `json`: "a.b.0.c" -> value, a compiled pattern (searched in the text), or ABSENT; "a.#" is a length;
- `issue`: code of the first issue of the OperationOutcome that must come;
- `save`: name -> "a.b.0" of the answer, or "header:location" with a pattern's first group after a space.
"""
import json
import re

ABSENT = object()


class Step:
    def __init__(self, request, body=None, *, status, headers=None, header=None, json=None, issue=None,
                 save=None, empty=False):
        self.method, self.address = request.split(" ", 1)
        self.body, self.status, self.headers = body, status, headers or {}
        self.header, self.json, self.issue, self.save, self.empty = (header or {}, json or {}, issue, save or {},
                                                                     empty)


step = Step


def dig(value, path):
    for part in path.split(".") if path else []:
        if part == "#":
            return len(value)
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else ABSENT
        elif isinstance(value, dict):
            value = value.get(part, ABSENT)
        else:
            return ABSENT
        if value is ABSENT:
            return ABSENT
    return value


class Runner:
    """Runs steps against a stack, with the values saved so far."""

    def __init__(self, test, stack):
        self.test, self.stack, self.saved = test, stack, {}

    def fill(self, text):
        return re.sub(r"\$(\w+)", lambda m: str(self.saved.get(m[1], m[0])), text)

    def run(self, steps):
        for number, each in enumerate(steps):
            self.run_one(each, f"step {number}: {each.method} {each.address}")

    def run_one(self, each, name):
        body = each.body
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = self.fill(body)
        headers = {key: self.fill(value) for key, value in each.headers.items()}
        address = self.fill(each.address)
        path = address if address.startswith("/") else "/fhir/" + address
        answer = self.stack.request(each.method, path, body, headers)
        text = answer.body.decode()
        name += f"\n{answer.status} {text[:1500]}"
        wanted = each.status if isinstance(each.status, (tuple, list)) else (each.status,)
        self.test.assertIn(answer.status, wanted, name)
        if each.empty:
            self.test.assertEqual(text, "", name)
        for key, pattern in each.header.items():
            value = answer.headers.get(key)
            if pattern is None:
                self.test.assertIsNone(value, name)
            else:
                self.test.assertRegex(value or "", "^" + self.fill(pattern) + "$", f"{name}\n{key}")
        found = json.loads(text) if text and (each.json or each.issue or each.save) else {}
        if each.issue:
            self.test.assertEqual(found.get("resourceType"), "OperationOutcome", name)
            self.test.assertEqual(found["issue"][0]["code"], each.issue, name)
        for key, wanted in each.json.items():
            value = dig(found, key)
            if isinstance(wanted, re.Pattern):
                self.test.assertRegex(value if isinstance(value, str) else json.dumps(value), wanted, f"{name}\n{key}")
            elif wanted is ABSENT:
                self.test.assertIs(value, ABSENT, f"{name}\n{key}")
            else:
                wanted = self.fill(wanted) if isinstance(wanted, str) else wanted
                self.test.assertEqual(value, wanted, f"{name}\n{key}")
        for key, place in each.save.items():
            if place.startswith("header:"):
                header, pattern = place[len("header:"):].split(" ", 1)
                self.saved[key] = re.search(pattern, answer.headers[header])[1]
            else:
                self.saved[key] = dig(found, place)
