"""The whole program on stores outside of it: behind a unix socket, behind mutual TLS, and as a command
that it starts itself. The store is another Strata, which has all of the hosting contract."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/isolation")]
from load import Load  # noqa: E402
from stack import STRATA, Stack, eventually  # noqa: E402

STORE = "stack: store\nslots:\n  hosting: {plugin: hosting_sqlite}\n"
ABOVE = """
    provides: [strata.hosting.v1.Hosting]
    layer: hosting
  record: {plugin: data_fhir, requires: {store: hosting}}
  fhir: {plugin: service_fhir_api, requires: {record: record}}
"""


def make_certificates(folder, names=("server", "client")):
    """A certificate authority and a certificate for each name, by openssl."""
    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in names:
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", f"{name}.pem", "-extfile", "names")


class Servers(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="strata-servers-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.folder.chmod(0o755)  # A command runs as a user of its own.
        (self.folder / "store.yaml").write_text(STORE)

    def store(self, **options):
        stack = Stack(stack_file=str(self.folder / "store.yaml"), **options)
        self.addCleanup(stack.__exit__)
        return stack.start()

    def stack_on(self, hosting, timeouts=""):
        (self.folder / "stack.yaml").write_text(
            f"stack: above\n{timeouts}slots:\n  hosting:\n    {hosting}{ABOVE}")
        # Commands reach their state by its path, so that no folder above may be closed to them.
        stack = Stack(stack_file=str(self.folder / "stack.yaml"), data=str(self.folder / "data"))
        self.addCleanup(stack.__exit__)
        return stack.start()

    def slot(self, stack, name="hosting"):
        slots = json.loads(stack.run("status", "--json", check=False).stdout)["slots"]
        return next(slot for slot in slots if slot["name"] == name)

    def check_serves(self, stack, writes=20):
        with Load(stack) as load:
            load.wait_for(writes)
        self.assertEqual(load.failed, [])
        self.assertEqual(load.lost(), [])
        self.assertGreaterEqual(len(stack.search("/fhir/Basic?_count=100")), writes)

    def test_an_endpoint_at_a_unix_socket(self):
        (self.folder / "own").mkdir(mode=0o700)
        socket = f"unix:{self.folder}/own/store.sock"
        self.store(grpc=socket)

        stack = self.stack_on(f"endpoint: {socket}")

        self.assertEqual(self.slot(stack)["isolation"], "endpoint")
        self.check_serves(stack)

    def relay(self, certificates, target):
        relay = subprocess.Popen(
            ["/usr/bin/python3", "-B", str(ROOT / "tests/isolation/tls_relay.py"), certificates,
             target], stdout=subprocess.PIPE, text=True)
        self.addCleanup(relay.stdout.close)
        self.addCleanup(relay.wait)
        self.addCleanup(relay.kill)
        return int(relay.stdout.readline())

    def test_an_endpoint_behind_mutual_tls(self):
        certificates = self.folder / "tls"
        certificates.mkdir()
        make_certificates(certificates)
        port = self.relay(certificates, self.store().grpc)

        stack = self.stack_on(f"endpoint: 127.0.0.1:{port}\n"
                              "    tls: {ca: tls/ca.pem, cert: tls/client.pem, key: tls/client.key}")

        self.check_serves(stack)

    def test_a_certificate_of_somebody_else_is_refused(self):
        for name in ("tls", "other"):
            (self.folder / name).mkdir()
            make_certificates(self.folder / name)
        port = self.relay(self.folder / "tls", self.store().grpc)

        with self.assertRaisesRegex(AssertionError, "hosting"):
            self.stack_on(f"endpoint: 127.0.0.1:{port}\n"
                          "    tls: {ca: tls/ca.pem, cert: other/client.pem, key: other/client.key}",
                          timeouts="timeouts: {start: 2s}\n")

    def command(self):
        """A Strata of its own, which the user of the slot may run."""
        shutil.copy(STRATA, self.folder / "strata")
        plugins = pathlib.Path(STRATA).resolve().parents[1] / "lib/plugins"
        shutil.copytree(plugins / "hosting_sqlite", self.folder / "plugins/hosting_sqlite")
        run = ('exec ./strata up store.yaml --plugin-path plugins --http 127.0.0.1:0 '
               '--grpc "$STRATA_LISTEN" --data "$STRATA_STATE_DIR/data"')
        return f"command: [sh, -c, '{run}']\n    network: true"

    def test_a_command_is_started_watched_and_started_again(self):
        stack = self.stack_on(self.command())
        before = self.slot(stack)
        self.assertEqual(before["isolation"], "command")
        with Load(stack) as load:
            load.wait_for(20)
            os.kill(before["pid"], signal.SIGKILL)
            back = load.wait_for(4)
        print(f"command: {len(load.acknowledged)} writes acknowledged, {len(load.failed)} refused, "
              f"back after {back:.3f} s")

        self.assertEqual(load.lost(), [])
        self.assertLessEqual({status for _, status, _ in load.failed}, {503, 504})
        self.assertTrue(eventually(lambda: self.slot(stack)["health"] == "serving"))
        after = self.slot(stack)
        self.assertNotEqual(after["pid"], before["pid"])
        self.assertEqual(after["restarts"], 1)

    def test_a_command_that_keeps_crashing_is_quarantined(self):
        stack = self.stack_on(self.command())
        for _ in range(5):
            self.assertTrue(eventually(lambda: self.slot(stack)["pid"]))
            pid = self.slot(stack)["pid"]
            os.kill(pid, signal.SIGKILL)
            self.assertTrue(eventually(lambda: self.slot(stack)["pid"] != pid))

        self.assertTrue(eventually(lambda: "quarantined" in self.slot(stack)["reason"]))
        self.assertIn("quarantined: its process ended 5 times", stack.run("status", check=False).stdout)
        self.assertEqual(self.slot(stack)["health"], "not serving")
        self.assertEqual(self.slot(stack, "fhir")["health"], "serving")


if __name__ == "__main__":
    unittest.main()
