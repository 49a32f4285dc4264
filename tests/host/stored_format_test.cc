// What manifests say of stored formats, and who can take over what is stored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/host/manifest.h"
#include "core/host/stored_format.h"

namespace strata::host {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Manifest> Parse(const std::string& formats) {
  const std::string digest(64, '0');
  return ParseManifest("pack", R"({"id": "x", "version": "1.0.0", "layer": "data", "provides": [],)"
                               R"( "formats": )" +
                                   formats + R"(, "files": {"plugin.so": ")" + digest + "\"}}");
}

TEST(ManifestFormats, AreRead) {
  const auto manifest = Parse(R"({"name": "rows", "reads": [1, 2, 3], "writes": [2, 3]})");

  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->formats.name, "rows");
  EXPECT_THAT(manifest->formats.reads, ElementsAre(1, 2, 3));
  EXPECT_THAT(manifest->formats.writes, ElementsAre(2, 3));
  EXPECT_EQ(manifest->formats.newest(), 3u);
}

struct Wrong {
  const char* formats;
  const char* why;
};
class WrongFormats : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongFormats, AreRefused) {
  EXPECT_THAT(Parse(GetParam().formats).status().message(),
              AllOf(HasSubstr("check \"manifest\" failed"), HasSubstr(GetParam().why)));
}

INSTANTIATE_TEST_SUITE_P(
    ManifestFormats, WrongFormats,
    ::testing::Values(Wrong{R"({"reads": [1], "writes": [1]})", "\"name\" to be a text"},
                      Wrong{R"({"name": "r", "reads": [1], "writes": [1], "x": 1})", "got x"},
                      Wrong{R"({"name": "r", "reads": [], "writes": [1]})", "formats.reads"},
                      Wrong{R"({"name": "r", "reads": [1]})", "formats.writes"},
                      Wrong{R"({"name": "r", "reads": [0, 1], "writes": [1]})", "from 1 on"},
                      Wrong{R"({"name": "r", "reads": [2, 1], "writes": [1]})", "ascending"},
                      Wrong{R"({"name": "r", "reads": [1, 3], "writes": [1]})", "without a gap"},
                      Wrong{R"({"name": "r", "reads": [1], "writes": [1, 2]})", "no 2 in it"}));

const DeclaredFormats kFirst{"rows", {1}, {1}};
const DeclaredFormats kSecond{"rows", {1, 2}, {1, 2}};
const DeclaredFormats kThird{"rows", {1, 2, 3}, {2, 3}};

TEST(CanTake, WhoReadsAndWritesWhatIsStored) {
  const StoredFormat one{"rows", 1, 1};
  const StoredFormat between{"rows", 2, 1};

  EXPECT_TRUE(CheckCanTake({}, "p", kFirst).ok());  // Nothing is known of what is stored.
  EXPECT_TRUE(CheckCanTake(one, "p", kFirst).ok());
  EXPECT_TRUE(CheckCanTake(one, "p", kSecond).ok());
  EXPECT_TRUE(CheckCanTake(between, "p", kSecond).ok());
}

TEST(CanTake, NotWhoCannotReadIt) {
  const Status status = CheckCanTake({"rows", 2, 2}, "maker 1.0.0", kFirst);

  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "what it keeps is stored in format rows 2, and maker 1.0.0 reads 1 and writes 1: "
            "format 2 was committed, so there is no way back to a version without it. Take a newer "
            "version, or restore the backup from before");
}

TEST(CanTake, NotWhoReadsItAndCannotWriteIt) {
  EXPECT_THAT(
      CheckCanTake({"rows", 1, 1}, "maker 3.0.0", kThird).message(),
      AllOf(HasSubstr("reads 1, 2 and 3 and writes 2 and 3"), HasSubstr("between the two")));
}

TEST(CanTake, NotWhoCannotReadTheRestOfAMigration) {
  const DeclaredFormats next{"rows", {2, 3}, {2, 3}};

  EXPECT_THAT(CheckCanTake({"rows", 2, 1}, "maker 3.0.0", next).message(),
              HasSubstr("rows 2 (in part still 1)"));
}

TEST(CanTake, NotAnotherFamily) {
  const StoredFormat stored{"rows", 1, 1};

  EXPECT_THAT(CheckCanTake(stored, "other 1.0.0", {"leaves", {1}, {1}}).message(),
              AllOf(HasSubstr("stores in formats of leaves"), HasSubstr("export")));
  EXPECT_THAT(CheckCanTake(stored, "other 1.0.0", {}).message(), HasSubstr("declares no formats"));
}

}  // namespace
}  // namespace strata::host
