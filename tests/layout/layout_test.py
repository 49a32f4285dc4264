"""Who may include whom, and what each folder must hold (core/README.md has the picture)."""
import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]((?:core|storage|plugins|tests)/[^">]+)[">]', re.M)

# Folder -> folders that it may include, besides itself and core/base and core/abi.
ALLOWED = {
    "core/base": [],
    "core/abi": [],
    "core/sdk": [],
    "core/host": ["core/sdk"],
    "core/move": ["core/host", "core/sdk", "storage/replica"],  # the one part that knows hosting
    "core/gateway": ["core/host", "core/sdk"],
    "core/trial": ["core/host", "core/sdk"],
    "core/audit": ["core/sdk"],
    "core/isolation": ["core/gateway", "core/host", "core/sdk"],
    "core/cli": ["core/gateway", "core/host", "core/isolation", "core/move", "core/trial", "core/audit", "core/sdk"],
    "storage/api": [],
    "storage/service": ["storage/api", "core/sdk"],  # the contract on top of an engine
    "storage/replica": ["core/sdk"],  # between two stores that keep the contract
}


def sources(folder):
    return [p for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cc", ".c")]


def home(path):
    """The folder that owns a path: two levels deep ("storage/sqlite")."""
    return "/".join(pathlib.PurePosixPath(path).parts[:2])


def allowed(owner):
    if owner in ALLOWED:
        return ALLOWED[owner]
    if owner.startswith("storage/"):
        return ["storage/api"]
    if owner.startswith("plugins/hosting"):
        return ["core/sdk", "storage/*"]
    return ["core/sdk"]  # plugins


class Layout(unittest.TestCase):
    def test_includes_go_downwards(self):
        wrong = []
        for path in sources("core") + sources("storage") + sources("plugins"):
            owner = home(path.relative_to(ROOT).as_posix())
            may = set(allowed(owner)) | {owner, "core/base", "core/abi"}
            for target in INCLUDE.findall(path.read_text(encoding="utf-8")):
                to = home(target)
                if to not in may and not ("storage/*" in may and to.startswith("storage/")):
                    wrong.append(f"{path.relative_to(ROOT)} includes {target}")
        self.assertEqual(wrong, [])

    def test_the_core_names_no_plugin(self):
        names = [p.name for p in (ROOT / "plugins").iterdir() if p.is_dir()]
        self.assertTrue(names)
        wrong = [
            f"{path.relative_to(ROOT)} names {name}"
            for path in sources("core")
            for name in names
            if name in path.read_text(encoding="utf-8")
        ]
        self.assertEqual(wrong, [])

    def test_driver_headers_stay_in_sources(self):
        drivers = re.compile(r"#\s*include\s+<(sqlite3\.h|Poco/|libpq|simdjson|zstd\.h|yaml-cpp/)")
        wrong = [
            str(path.relative_to(ROOT))
            for path in sources("core") + sources("storage") + sources("plugins")
            if path.suffix == ".h" and drivers.search(path.read_text(encoding="utf-8"))
        ]
        self.assertEqual(wrong, [])

    def test_each_plugin_is_complete(self):
        for folder in sorted(p for p in (ROOT / "plugins").iterdir() if p.is_dir()):
            if not (folder / "manifest.json").exists() and not (folder / "plugin.cc").exists():
                continue
            for name in ("plugin.cc", "manifest.json", "README.md", "CMakeLists.txt"):
                self.assertTrue((folder / name).exists(), f"{folder.name} has no {name}")
            json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            lines = (folder / "plugin.cc").read_text(encoding="utf-8").count("\n")
            self.assertLessEqual(lines, 40, f"{folder.name}/plugin.cc")

    def test_each_contract_has_its_error_tables(self):
        for folder in sorted((ROOT / "proto/strata").glob("*/v1")):
            readme = folder / "README.md"
            self.assertTrue(readme.exists(), f"{folder} has no README.md")
            text = readme.read_text(encoding="utf-8")
            for proto in folder.glob("*.proto"):
                for rpc in re.findall(r"^\s*rpc (\w+)", proto.read_text(encoding="utf-8"), re.M):
                    self.assertIn(rpc, text, f"{readme}: no word about {rpc}")

    def test_files_stay_short(self):
        limits = {"core": 500, "storage": 500, "plugins": 500, "tests": 700}
        wrong = []
        for top, limit in limits.items():
            for path in sources(top):
                lines = path.read_text(encoding="utf-8").count("\n")
                if lines > limit:
                    wrong.append(f"{path.relative_to(ROOT)}: {lines} lines")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
