// The files of cgroup v2 that limits are written into, in a folder that stands for the hierarchy.
#include "core/isolation/cgroup.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using isolation::CgroupTree;
using isolation::OwnCgroup;
using ::testing::HasSubstr;

constexpr pid_t kProcess = 4242;

class Cgroup : public ::testing::Test {
 protected:
  explicit Cgroup(const std::string& controllers = "cpuset cpu io memory pids") {
    std::ofstream(folder_.path() + "/cgroup.controllers") << controllers << '\n';
    std::ofstream(folder_.path() + "/cgroup.subtree_control") << "";
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_.path() + "/" + name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  bool Exists(const std::string& name) const {
    return std::filesystem::exists(folder_.path() + "/" + name);
  }

  TempFolder folder_;
};

TEST_F(Cgroup, HoldsTheLimitsOfASlotAndItsProcess) {
  const auto tree = CgroupTree::OpenAt(folder_.path());
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Read("cgroup.subtree_control"), "+cpu +memory +pids");

  const Status confined = (*tree)->Confine(
      "hosting", kProcess, {.memory_bytes = 512 << 20, .cpu_percent = 150, .tasks = 64});

  EXPECT_TRUE(confined.ok()) << confined.ToString();
  EXPECT_EQ(Read("strata-hosting-4242/memory.max"), "536870912");
  EXPECT_EQ(Read("strata-hosting-4242/memory.swap.max"), "0");
  EXPECT_EQ(Read("strata-hosting-4242/cpu.max"), "150000 100000");
  EXPECT_EQ(Read("strata-hosting-4242/pids.max"), "64");
  EXPECT_EQ(Read("strata-hosting-4242/cgroup.procs"), "4242");
}

TEST_F(Cgroup, LeavesAloneWhatHasNoLimit) {
  const auto tree = CgroupTree::OpenAt(folder_.path());
  ASSERT_TRUE(tree.ok());

  EXPECT_TRUE((*tree)->Confine("record", kProcess, {.cpu_percent = 50}).ok());

  EXPECT_EQ(Read("strata-record-4242/cpu.max"), "50000 100000");
  EXPECT_FALSE(Exists("strata-record-4242/memory.max"));
  EXPECT_FALSE(Exists("strata-record-4242/pids.max"));
}

TEST_F(Cgroup, OfAnEndedProcessIsRemoved) {
  const auto tree = CgroupTree::OpenAt(folder_.path());
  ASSERT_TRUE(tree.ok());
  EXPECT_TRUE((*tree)->Confine("record", kProcess, {.cpu_percent = 50}).ok());
  const std::string group = folder_.path() + "/strata-record-4242";
  for (const auto& file : std::filesystem::directory_iterator(group)) {
    std::filesystem::remove(file);  // As the kernel's go with the group.
  }

  EXPECT_TRUE((*tree)->Confine("record", kProcess + 1, {.cpu_percent = 50}).ok());

  EXPECT_FALSE(Exists("strata-record-4242"));
  EXPECT_TRUE(Exists("strata-record-4243"));
}

TEST_F(Cgroup, ThatMayNotBeWrittenIsToldWithItsFile) {
  const auto tree = CgroupTree::OpenAt(folder_.path());
  ASSERT_TRUE(tree.ok());
  std::filesystem::create_directories(folder_.path() + "/strata-record-4242/cpu.max");

  const Status confined = (*tree)->Confine("record", kProcess, {.cpu_percent = 50});

  EXPECT_EQ(confined.code(), Code::kUnavailable);
  EXPECT_THAT(confined.message(), HasSubstr("strata-record-4242/cpu.max"));
}

class CgroupWithoutMemory : public Cgroup {
 protected:
  CgroupWithoutMemory() : Cgroup("cpu pids") {}
};

TEST_F(CgroupWithoutMemory, IsNotUsed) {
  const Status status = CgroupTree::OpenAt(folder_.path()).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("no controller \"memory\""));
}

TEST(OwnCgroup, IsFoundBelowItsMount) {
  constexpr std::string_view kMounts =
      "25 30 0:23 / /proc rw - proc proc rw\n"
      "34 25 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(*OwnCgroup("0::/system.slice/strata.service\n", kMounts),
            "/sys/fs/cgroup/system.slice/strata.service");
  EXPECT_EQ(*OwnCgroup("3:cpu:/x\n0::/\n", kMounts), "/sys/fs/cgroup");
}

TEST(OwnCgroup, OfVersionOneIsNone) {
  EXPECT_EQ(
      OwnCgroup("3:cpu:/x\n", "34 25 0:29 / /sys/fs/cgroup rw - cgroup2 c rw\n").status().code(),
      Code::kNotFound);
  EXPECT_EQ(
      OwnCgroup("0::/\n", "34 25 0:29 / /sys/fs/cgroup/cpu rw - cgroup c rw\n").status().code(),
      Code::kNotFound);
}

}  // namespace
}  // namespace strata::testing
