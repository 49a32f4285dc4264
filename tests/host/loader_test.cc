// Every refusal: which check, expected, got, how to fix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/host/elf.h"
#include "core/host/module.h"
#include "core/host/package.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Opens and loads, as the stack does.
Status Load(const std::string& dir) {
  const TempDir store;
  STRATA_ASSIGN_OR_RETURN(const Package package, OpenPackage(dir));
  STRATA_ASSIGN_OR_RETURN(const strata_plugin* plugin, LoadModule(package, store / "store"));
  return plugin != nullptr ? OkStatus() : Internal("no vtable");
}

struct Case {
  const char* fixture;
  const char* check;
  const char* got;
};

class Refusals : public ::testing::TestWithParam<Case> {};

TEST_P(Refusals, SayWhichCheckWhatWasGotAndHowToFix) {
  const Status status = Load(FixturePackage(GetParam().fixture));

  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr(GetParam().fixture),
                    HasSubstr("check \"" + std::string(GetParam().check) + "\" failed: expected "),
                    HasSubstr(GetParam().got), HasSubstr("To fix: ")));
}

INSTANTIATE_TEST_SUITE_P(
    Loader, Refusals,
    ::testing::Values(
        Case{"bad_manifest", "manifest", "manifest.json to be JSON"},
        Case{"no_manifest", "manifest", "No such file"}, Case{"no_binary", "files", "plugin.so"},
        Case{"wrong_digest", "digest", "00000000"}, Case{"extra_file", "files", "payload.txt"},
        Case{"not_elf", "binary", "no ELF file"}, Case{"no_entry", "exports", "strata_plugin_v0"},
        Case{"two_exports", "exports", "leaked_symbol, strata_plugin_v1"},
        Case{"borrowed_entry", "exports", "none"},
        Case{"unresolved", "load", "symbol_that_nobody_has"},
        Case{"wrong_abi", "abi", "one that refuses it"}, Case{"short_table", "abi", "got "},
        Case{"null_handle", "abi", "a null pointer"},
        Case{"other_version", "descriptor", "\"1.0.0\""}),
    [](const auto& test) { return test.param.fixture; });

TEST(Loader, LoadsWhatIsCorrect) {
  EXPECT_EQ(Load(FixturePackage("good")).message(), "");
  EXPECT_EQ(Load(FixturePackage("old_table")).message(), "");
}

TEST(Loader, LoadsItsOwnCopyOfTheBytes) {
  const TempDir store;
  const auto package = OpenPackage(FixturePackage("good"));
  ASSERT_TRUE(package.ok()) << package.status().message();

  ASSERT_TRUE(LoadModule(*package, store.path()).ok());

  const std::filesystem::path copy = store / (package->digest + ".so");
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(copy).permissions(),
            fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  EXPECT_EQ(fs::status(store.path()).permissions(), fs::perms::owner_all);
}

TEST(Loader, ReplacesACopyThatWasTamperedWith) {
  const TempDir store;
  const auto package = OpenPackage(FixturePackage("throws"));
  ASSERT_TRUE(package.ok()) << package.status().message();
  const std::string copy = store / (package->digest + ".so");
  std::ofstream(copy) << "not what was verified";

  ASSERT_TRUE(LoadModule(*package, store.path()).ok());

  EXPECT_EQ(std::filesystem::file_size(copy), package->image.size());
}

TEST(Loader, SaysWhereItLooked) {
  const PackagePath path({FixturePath()});

  EXPECT_THAT(path.Find("goood", "").status().message(),
              AllOf(HasSubstr(FixturePath()), HasSubstr("did you mean \"good\"?")));
  EXPECT_EQ(path.Find("./nowhere", "/tmp").status().code(), Code::kNotFound);
  EXPECT_TRUE(path.Find("good", "").ok());
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Elf, ListsWhatThePluginExports) {
  const std::string image = ReadFile(FixturePackage("two_exports") + "/plugin.so");

  EXPECT_THAT(*ExportedSymbols(image), ElementsAre("leaked_symbol", "strata_plugin_v1"));
}

// Damage anywhere gives an answer or an error, never a read outside of the file (run under ASan).
TEST(Elf, SurvivesDamage) {
  const std::string image = ReadFile(FixturePackage("good") + "/plugin.so");
  ASSERT_GT(image.size(), 4096u);

  for (std::size_t cut = 0; cut < image.size(); cut += 97) {
    static_cast<void>(ExportedSymbols(std::string_view(image).substr(0, cut)));
  }
  int refused = 0;
  for (std::size_t at = 0; at < 4096; ++at) {
    std::string damaged = image;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    refused += ExportedSymbols(damaged).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace strata::host
