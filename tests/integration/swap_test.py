"""Changes of a stack by its commands: what they print, exit with, and leave behind."""
import json
import os
import subprocess
import tempfile
import unittest

from stack import STRATA, Stack


class Changes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="strata-test-")
        self.stack = Stack(data=self.folder.name).start()

    def tearDown(self):
        self.stack.stop()
        self.folder.cleanup()

    def strata(self, *args, expect=0):
        environment = {**os.environ, "STRATA_AT": self.stack.grpc}
        done = subprocess.run([STRATA, *args], env=environment, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def slot(self, name):
        slots = json.loads(self.strata("status", "--json"))["slots"]
        return next(slot for slot in slots if slot["name"] == name)

    def test_a_plan_is_printed_and_touches_nothing(self):
        text = self.strata("swap", "record", "--plan")

        self.assertIn("record: swap strata.data.fhir", text)
        self.assertIn("side by side", text)
        self.assertIn("Nothing was changed yet", self.strata("changes"))

    def test_swap_roll_back_and_history(self):
        self.assertIn("done: generation", self.strata("swap", "record", "--probation", "0"))
        self.assertIn("done: generation", self.strata("rollback", "record"))

        history = json.loads(self.strata("changes", "--json"))["changes"]
        self.assertEqual([c["kind"] for c in history], ["rollback", "swap"])
        self.assertEqual({c["who"] for c in history}, {"operator"})
        self.assertEqual(self.stack.get("/fhir/metadata").status, 200)

    def test_settings_of_the_store_change_hands_and_outlive_the_core(self):
        text = self.strata("swap", "hosting", "--set", "cache_mib=32", "--probation", "0")
        self.assertIn("changes hands", text)
        self.assertTrue(self.slot("hosting")["differs_from_file"])

        self.stack.stop()
        self.stack.start()
        self.assertTrue(self.slot("hosting")["differs_from_file"])
        self.assertIn("done", self.strata("swap", "hosting", "--set", "cache_mib=null",
                                          "--probation", "0"))
        self.assertFalse(self.slot("hosting")["differs_from_file"])

    def test_apply_is_all_or_nothing_and_names_the_line(self):
        path = os.path.join(self.folder.name, "new.yaml")
        slots = ("  hosting: {plugin: hosting_sqlite}\n"
                 "  record: {plugin: data_fhir, requires: {store: hosting}}\n"
                 "  fhir: {plugin: service_fhir_api, requires: {record: record}}\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write("stack: embedded\nslots:\n" + slots + "  more: {plugin: nothing_like_it}\n")
        self.assertIn("new.yaml:6", self.strata("apply", path, expect=1))
        self.assertEqual(self.slot("viewer")["health"], "serving")

        with open(path, "w", encoding="utf-8") as file:
            file.write("stack: embedded\nslots:\n" + slots)
        text = self.strata("apply", path, "--probation", "0")

        self.assertIn("viewer: remove", text)
        self.assertEqual(self.stack.get("/fhir/metadata").status, 200)
        self.assertEqual(self.stack.get("/patients").status, 404)

    def test_mistakes_are_explained(self):
        self.assertIn('did you mean "record"', self.strata("swap", "recrd", expect=1))
        self.assertIn("is no mode", self.strata("swap", "record", "--mode", "quick", expect=2))
        self.assertIn("there is 0.1.0", self.strata("swap", "record", "--version", "9.9.9", expect=1))
        self.assertIn("nothing to go back to", self.strata("rollback", "record", expect=1))
        self.assertIn("unknown setting", self.strata("swap", "hosting", "--set", "cash_mib=1", expect=2))


if __name__ == "__main__":
    unittest.main()
