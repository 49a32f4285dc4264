"""The whole stack as its users meet it: two commands, a browser's requests, curl and gRPC."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import grpc

from contracts import Client, common, core, data
from stack import PATIENTS, STRATA, Stack, eventually

NHS = "https://fhir.nhs.uk/Id/nhs-number"


class SamplePatients(unittest.TestCase):
    """One stack with all sample patients, shared by tests that only read."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()
        cls.imported = cls.stack.run("import", str(PATIENTS))
        found = cls.stack.search(f"/fhir/Patient?identifier={NHS}|9990001847")
        cls.patient = found[0]["resource"]["id"]

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def test_all_resources_are_imported(self):
        self.assertRegex(self.imported.stdout, r"imported \d+ resources from 22 file")
        self.assertEqual(len(self.stack.search("/fhir/Patient?_count=7")), 20)

    def test_fhir_read_and_grpc_read_are_the_same_bytes(self):
        over_http = self.stack.get(f"/fhir/Patient/{self.patient}")
        with Client(self.stack.grpc) as client:
            over_grpc = client.call("data.Data/Read", data.ReadRequest(type="Patient", id=self.patient))

        self.assertEqual(over_http.status, 200)
        self.assertEqual(over_http.body, over_grpc.resource.json)
        self.assertEqual(over_http.headers["etag"], f'W/"{over_grpc.resource.version_id}"')

    def test_conditional_references_of_bundles_are_resolved(self):
        encounters = self.stack.search(f"/fhir/Encounter?patient={self.patient}&_count=100")

        self.assertGreater(len(encounters), 5)
        for entry in encounters:
            provider = entry["resource"]["serviceProvider"]["reference"]
            self.assertRegex(provider, r"^Organization/[A-Za-z0-9.-]+$")
        self.assertEqual(self.stack.get("/fhir/" + provider).status, 200)

    def test_every_page_of_a_search_is_there_once(self):
        everything = self.stack.search(f"/fhir/Observation?patient={self.patient}&_count=1000")
        paged = self.stack.search(f"/fhir/Observation?patient={self.patient}&_count=13")

        ids = [e["resource"]["id"] for e in paged]
        self.assertEqual(ids, [e["resource"]["id"] for e in everything])
        self.assertEqual(len(ids), len(set(ids)))

    def test_unknown_parameter_is_refused_not_ignored(self):
        answer = self.stack.get("/fhir/Patient?nonsense=1")

        self.assertEqual(answer.status, 400)
        outcome = answer.json()
        self.assertEqual(outcome["resourceType"], "OperationOutcome")
        self.assertIn("nonsense", json.dumps(outcome))

    def test_grpc_errors_carry_an_outcome(self):
        with Client(self.stack.grpc) as client, self.assertRaises(grpc.RpcError) as caught:
            client.call("data.Data/Read", data.ReadRequest(type="Patient", id="nobody"))

        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        trailers = dict(caught.exception.trailing_metadata())
        status = common.ErrorStatus.FromString(trailers["grpc-status-details-bin"])
        outcome = data.Outcome.FromString(status.details[0].value)
        self.assertEqual(outcome.issues[0].code, "not-found")

    def test_status_names_slots_and_layers(self):
        status = json.loads(self.stack.run("status", "--json").stdout)

        self.assertTrue(status["ready"])
        self.assertEqual({s["layer"] for s in status["slots"]}, {"hosting", "data", "service"})
        for slot in status["slots"]:
            self.assertEqual(slot["health"], "serving", slot)
            self.assertTrue(pathlib.Path(slot["package"], "manifest.json").exists())
        self.assertGreater(sum(s["calls"] for s in status["slots"]), 0)
        with Client(self.stack.grpc) as client:
            answer = client.call("core.Core/Status", core.StatusRequest())
        self.assertEqual([s.name for s in answer.slots], [s["name"] for s in status["slots"]])

    def test_metrics_and_probes_answer(self):
        self.assertEqual(self.stack.get("/livez").status, 200)
        self.assertEqual(self.stack.get("/readyz").status, 200)
        metrics = self.stack.get("/metrics").body.decode()
        self.assertRegex(metrics, r"(?m)^# TYPE strata_\w+ (counter|gauge|histogram|summary)$")

    def test_call_lists_and_explains(self):
        listed = self.stack.run("call").stdout
        self.assertIn("strata.data.v1.Data/Read(ReadRequest) -> ReadResponse", listed)

        wrong = self.stack.run("call", "strata.data.v1.Data/Raed", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("Read", wrong.stderr)

    def test_export_feeds_a_second_stack_that_answers_the_same(self):
        with tempfile.TemporaryDirectory() as folder, Stack() as second:
            self.stack.run("export", folder + "/a")
            second.run("import", folder + "/a")
            second.run("export", folder + "/b")
            names = sorted(os.listdir(folder + "/a"))
            self.assertIn("Patient.ndjson", names)
            self.assertEqual(names, sorted(os.listdir(folder + "/b")))
            for name in names:
                first, other = (
                    sorted(pathlib.Path(folder, side, name).read_bytes().splitlines())
                    for side in "ab"
                )
                self.assertEqual(first, other, name)
            query = f"/fhir/Observation?patient={self.patient}&code=http://loinc.org|8302-2"
            one, two = ({e["resource"]["id"] for e in s.search(query)} for s in (self.stack, second))
            self.assertEqual(one, two)
            self.assertTrue(one)

    def test_zz_the_log_holds_no_patient(self):
        for path in (f"/record/{self.patient}", "/fhir/Patient?family=Rempel203",
                     "/fhir/Patient?birthdate=2001-08-05", "/fhir/Patient/Rempel203"):
            self.stack.get(path)
        log = self.stack.log()
        self.assertGreater(log.count("\n"), 3)
        for value in ("Rempel203", "Isela504", "9990001847", "2001-08-05"):
            self.assertNotIn(value, log)
        for line in log.splitlines():
            json.loads(line)


class Durability(unittest.TestCase):
    def test_what_was_written_comes_back_as_it_was(self):
        text = ('{"resourceType":"Observation","id":"x","status":"final","code":{"text":"\\u00e9\\u2028"},'
                '"valueQuantity":{"value":1.10,"unit":"mg"},"_effectiveDateTime":{"id":"e"},'
                '"extension":[{"url":"urn:x","valueDecimal":1.0E-3}],"unknown":[null,{"a":1e400}]}')
        with Stack() as stack:
            created = stack.request("PUT", "/fhir/Observation/x", text)
            self.assertEqual(created.status, 201, created.body)
            body = stack.get("/fhir/Observation/x").body.decode()
            stack.stop()
            stack.start()
            self.assertEqual(stack.get("/fhir/Observation/x").body.decode(), body)
        for lexeme in ('"value":1.10', "1.0E-3", "1e400", '"unknown":[null,'):
            self.assertIn(lexeme, body)

    def test_every_acknowledged_write_survives_kill(self):
        with Stack() as stack:
            acknowledged = []
            for round_ in range(4):
                for i in range(25):
                    name = f"r{round_}-{i}"
                    body = {"resourceType": "Basic", "id": name, "code": {"text": name}}
                    if stack.request("PUT", f"/fhir/Basic/{name}", body).status == 201:
                        acknowledged.append(name)
                stack.kill()
                stack.start()
            for name in acknowledged:
                answer = stack.get(f"/fhir/Basic/{name}")
                self.assertEqual(answer.status, 200, name)
                self.assertEqual(answer.json()["code"]["text"], name)
            self.assertEqual(len(acknowledged), 100)

    def test_a_stop_ends_cleanly(self):
        with Stack() as stack:
            self.assertEqual(stack.get("/fhir/metadata").status, 200)
            self.assertEqual(stack.stop(), 0)


class Refusals(unittest.TestCase):
    def up(self, *args, text=None):
        with tempfile.TemporaryDirectory() as folder:
            command = [STRATA, "up"]
            if text is not None:
                path = pathlib.Path(folder, "stack.yaml")
                path.write_text(text, encoding="utf-8")
                command.append(str(path))
            data = [] if "--data" in args else ["--data", folder + "/data"]
            result = subprocess.run([*command, *data, *args],
                                    capture_output=True, text=True, timeout=30, check=False)
            return result.returncode, result.stderr

    def test_an_address_beyond_this_machine(self):
        code, text = self.up("--http", "0.0.0.0:0")
        self.assertEqual(code, 1)
        self.assertIn("no login yet", text)
        self.assertNotIn("hosting_sqlite.opened", text)

    def test_a_port_in_use_is_named(self):
        with Stack() as stack:
            code, text = self.up("--http", stack.http, "--grpc", "127.0.0.1:0")
        self.assertEqual(code, 1)
        self.assertIn(stack.http.rsplit(":", 1)[1], text)
        self.assertIn("in use", text)

    def test_a_broken_stack_file_is_told_with_its_line(self):
        code, text = self.up(text="stack: x\nslots:\n  a:\n    plugn: hosting_memory\n")
        self.assertEqual(code, 1)
        self.assertRegex(text, r"stack\.yaml:4")
        self.assertIn("plugin", text)

    def test_a_stack_file_is_one_document(self):
        code, text = self.up(text="stack: x\nslots: {}\n---\nslots: {a: {plugin: hosting_memory}}\n")
        self.assertEqual(code, 1)
        self.assertRegex(text, r"stack\.yaml:4: .*one YAML document")
        code, text = self.up(text="")
        self.assertEqual(code, 1)
        self.assertIn("stack.yaml:1: a stack file is a mapping", text)

    def test_a_signal_ends_a_start(self):
        with tempfile.TemporaryDirectory() as folder:
            fifo = pathlib.Path(folder, "stack.yaml")
            os.mkfifo(fifo)  # Nobody writes it: the start never ends by itself.
            with subprocess.Popen([STRATA, "up", str(fifo)]) as starting:
                tasks = pathlib.Path(f"/proc/{starting.pid}/task")
                self.assertTrue(eventually(lambda: any(
                    task.read_text() == "strata-signals\n" for task in tasks.glob("*/comm"))))
                starting.terminate()
                self.assertEqual(starting.wait(10), 128 + signal.SIGTERM)

    def test_a_second_stack_on_the_same_data(self):
        with Stack() as stack:
            code, text = self.up("--data", stack.data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
        self.assertEqual(code, 1)
        self.assertRegex(text, r"(?i)in use|locked|another process")

    def test_no_stack_answers(self):
        result = subprocess.run([STRATA, "status", "--at", "127.0.0.1:1"], capture_output=True,
                                text=True, timeout=30, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("strata up", result.stderr)


class Import(unittest.TestCase):
    def test_faulty_lines_are_reported_and_the_rest_is_loaded(self):
        lines = ['{"resourceType":"Basic","id":"a","code":{"text":"a"}}', "", '{"resourceType":"Basic",',
                 '{"resourceType":"Nonsense","id":"b"}', '{"resourceType":"Basic","id":"c","code":{"text":"c"}}']
        with tempfile.TemporaryDirectory() as folder, Stack() as stack:
            path = pathlib.Path(folder, "x.ndjson")
            path.write_text("\n".join(lines), encoding="utf-8")
            result = stack.run("import", str(path), check=False)

            self.assertEqual(result.returncode, 1)
            self.assertIn("x.ndjson:3", result.stderr)
            self.assertIn("x.ndjson:4", result.stderr)
            self.assertRegex(result.stdout, r"imported 2 resources")
            self.assertEqual(stack.get("/fhir/Basic/c").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
