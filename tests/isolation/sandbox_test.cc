// What an isolated plugin cannot do.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/isolation/slot_folder.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using ::testing::AnyOf;
using ::testing::StartsWith;

// As the Isolator starts it: with a user of its own when the tests run as root.
class Sandbox : public ::testing::Test {
 protected:
  void Open(const std::function<void(isolation::RemoteSpec&)>& change = {}) {
    state_ = folder_.path() + "/closed/state";
    std::filesystem::create_directories(state_);
    std::ofstream(folder_.path() + "/secret") << "s";
    host_.SetStateDir(state_);
    isolation::RemoteSpec spec = SpecOf(state_);
    spec.confinement.uid = isolation::SlotUid("probe");
    if (change) change(spec);
    ASSERT_TRUE(isolation::PrepareFolder(state_, spec.confinement.uid).ok());
    auto opened = isolation::RemotePlugin::Open(spec);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    plugin_ = *opened;
    const Status added = host_.Add("probe", plugin_.get());
    ASSERT_TRUE(added.ok()) << added.ToString();
  }

  std::string Do(const std::string& request) {
    TestCall call(request);
    const Code code = call.Run(host_, "probe", "Do");
    return code == Code::kOk ? call.joined() : std::string(CodeName(code));
  }

  TempFolder folder_;
  std::string state_;
  std::shared_ptr<const strata_plugin> plugin_;
  FakeHost host_;
};

const char* const kRefused = "Operation not permitted";

TEST_F(Sandbox, KeepsToItsOwnFolder) {
  Open();
  EXPECT_EQ(Do("write " + state_ + "/file"), "ok");
  EXPECT_EQ(Do("read " + state_ + "/file"), "ok");
  EXPECT_EQ(Do("read /usr/bin/env"), "ok");
  const auto refused =
      AnyOf("Permission denied", "No such file or directory", "Read-only file system", kRefused);
  EXPECT_THAT(Do("read " + folder_.path() + "/secret"), refused);
  EXPECT_THAT(Do("write " + folder_.path() + "/mine"), refused);
  EXPECT_THAT(Do("write /usr/mine"), refused);
  EXPECT_THAT(Do("read /etc/passwd"), refused);
  EXPECT_THAT(Do("read /proc/1/environ"), refused);
}

TEST_F(Sandbox, StartsNothingAndReachesNobody) {
  Open();
  EXPECT_EQ(Do("fork"), kRefused);
  EXPECT_EQ(Do("exec"), kRefused);
  EXPECT_EQ(Do("kill"), kRefused);
  EXPECT_EQ(Do("inet"), kRefused);
  EXPECT_EQ(Do("threads 4"), "ok");
}

TEST_F(Sandbox, HasAUserOfItsOwnUnderRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  Open();
  EXPECT_EQ(Do("uid"), std::to_string(isolation::SlotUid("probe")));
  EXPECT_EQ(Do("setuid"), kRefused);
}

TEST_F(Sandbox, HasANetworkWhenItIsGivenOne) {
  Open([](isolation::RemoteSpec& spec) { spec.confinement.network = true; });
  EXPECT_EQ(Do("inet"), "ok");
}

TEST_F(Sandbox, IsBoundInMemoryAndTasks) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer reserves more memory than the bound";
#endif
  Open([](isolation::RemoteSpec& spec) {
    spec.confinement.memory_bytes = std::uint64_t{128} << 20;
    spec.confinement.tasks = 40;
  });
  EXPECT_EQ(Do("alloc 32"), "ok");
  EXPECT_THAT(Do("alloc 1000"), StartsWith("refused"));
  // The thread of that call may still be on its way back.
  std::string answer;
  for (int i = 0; i < 100 && answer != "alive"; ++i) answer = Do("echo alive");
  EXPECT_EQ(answer, "alive");
  if (::geteuid() == 0) {
    EXPECT_THAT(Do("threads 100"), StartsWith("refused"));
  }
}

TEST(SlotUids, AreTheSlotsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  EXPECT_NE(isolation::SlotUid("a"), isolation::SlotUid("b"));
  EXPECT_EQ(isolation::SlotUid("a"), isolation::SlotUid("a"));
  EXPECT_GE(isolation::SlotUid("a"), 0x70000000u);
}

}  // namespace
}  // namespace strata::testing
