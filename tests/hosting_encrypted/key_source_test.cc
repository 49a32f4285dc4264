// Where keys come from, and when they are refused.
#include "plugins/hosting_encrypted/key_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace strata::plugins::hosting_encrypted {
namespace {

class KeySourceTest : public ::testing::Test {
 protected:
  KeySourceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~KeySourceTest() override { std::filesystem::remove_all(folder_); }

  KeySource File(const std::string& bytes, mode_t mode = 0600) {
    const std::string path = folder_ + "/key";
    std::filesystem::remove(path);
    std::ofstream(path) << bytes;
    chmod(path.c_str(), mode);
    return {"k", path, {}};
  }
  static KeySource Command(const std::string& script) {
    return {"k", "", {"/bin/sh", "-c", script}};
  }
  static Code CodeOf(const KeySource& source) { return ReadKey(source).status().code(); }

  std::string folder_;
};

TEST_F(KeySourceTest, ReadsBytesAndDigits) {
  const std::string digits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
  const Result<KeyBytes> key = ReadKey(File(digits + "\n"));
  ASSERT_TRUE(key.ok()) << key.status().ToString();
  for (std::size_t i = 0; i < key->size(); ++i) EXPECT_EQ((*key)[i], i);
  const Result<KeyBytes> raw = ReadKey(File(std::string(32, 'x')));
  ASSERT_TRUE(raw.ok());
  EXPECT_EQ((*raw)[31], 'x');
  EXPECT_EQ(*ReadKey(Command("printf " + digits)), *key);
}

TEST_F(KeySourceTest, RefusesAFileThatOthersCanRead) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0601U}) {
    const Result<KeyBytes> key = ReadKey(File(std::string(32, 'x'), mode));
    EXPECT_EQ(key.status().code(), Code::kFailedPrecondition);
    EXPECT_NE(key.status().message().find("chmod 600"), std::string::npos);
  }
}

TEST_F(KeySourceTest, RefusesWhatIsNoKeyAndShowsNothingOfIt) {
  for (const std::string& text : {std::string(), std::string("secret"), std::string(33, 'x'),
                                  std::string(64, 'g'), std::string(10'000, 'a')}) {
    const Result<KeyBytes> key = ReadKey(File(text));
    EXPECT_EQ(key.status().code(), Code::kFailedPrecondition);
    EXPECT_EQ(key.status().message().find("secret"), std::string::npos);
  }
  EXPECT_EQ(CodeOf({"k", folder_, {}}), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf({"k", folder_ + "/none", {}}), Code::kFailedPrecondition);
}

TEST_F(KeySourceTest, RefusesACommandThatFails) {
  EXPECT_EQ(CodeOf(Command("exit 3")), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf(Command("kill -9 $$")), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf(Command("head -c 1000000 /dev/zero")), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf({"k", "", {"/no/such/program"}}), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::plugins::hosting_encrypted
