// Records that are copied to another release are stored in its format from then on. A core that
// ends right after the cut-over must know that: it starts on the copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using core::v1::Change;
using ::testing::HasSubstr;

// There is nothing to copy.
class NoRows final : public Transfer {
 public:
  Status Copy(const Report&) override { return OkStatus(); }
  Status Finish(std::chrono::steady_clock::time_point) override { return OkStatus(); }
};

std::string Slots(int release, const std::string& place) {
  return "  keeper: {plugin: formats_keeper_" + std::to_string(release) +
         ", config: {place: " + place + "}}\n";
}

// From one release to another: their numbers.
class MovedFormats : public ::testing::TestWithParam<std::pair<int, int>> {
 protected:
  void SetUp() override {
    auto stack = TestStack::Start(
        Slots(GetParam().first, "a"), "", [](StackState&, const Slot&, const Slot&) {
          return Result<std::unique_ptr<Transfer>>(std::make_unique<NoRows>());
        });
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
  }

  // As long as a folder lies where it is written to, formats.json stays as it is: so it would be
  // after a core that ended before it got there.
  std::string Obstacle() const { return stack_->dir() + "/data/formats.json.new"; }

  Change Move(int release, const std::string& place) {
    core::v1::SwapRequest request;
    request.set_slot("keeper");
    request.set_package("formats_keeper_" + std::to_string(release));
    request.set_config_json(R"({"place": ")" + place + "\"}");
    request.set_mode(core::v1::SWAP_MODE_TRANSFER);
    request.set_probation_s(0);
    ChangeClient client(**stack_);
    const auto begun = client.Swap(request);
    EXPECT_TRUE(begun.ok()) << begun.status().message();
    return begun.ok() ? client.WaitEnded(begun->change().id()) : Change();
  }

  // As the stack file says, but for what changes have made of it.
  Status Restart() {
    static_cast<void>((*stack_)->Stop());
    return stack_->Restart(Slots(GetParam().first, "a"));
  }

  std::uint32_t Writes() const {
    return ChangeClient(**stack_).Status().slots(0).format().writes();
  }

  std::unique_ptr<TestStack> stack_;
};

TEST_P(MovedFormats, AreKnownToACoreThatEndedRightAfterTheCutOver) {
  const auto release = static_cast<std::uint32_t>(GetParam().second);
  std::filesystem::create_directory(Obstacle());

  const Change moved = Move(GetParam().second, "b");
  std::filesystem::remove(Obstacle());
  const Status started = Restart();

  EXPECT_EQ(moved.state(), Change::STATE_DONE) << moved.reason();
  ASSERT_TRUE(started.ok()) << started.message();
  EXPECT_EQ(Writes(), release);
  ASSERT_TRUE(Restart().ok());
  EXPECT_EQ(Writes(), release);
}

// Back to what the stack file says, so that nothing else would be kept of it.
TEST_P(MovedFormats, AreKnownAfterTheWayBackToo) {
  ASSERT_EQ(Move(GetParam().second, "b").state(), Change::STATE_DONE);
  std::filesystem::create_directory(Obstacle());

  const Change back = Move(GetParam().first, "a");
  std::filesystem::remove(Obstacle());
  const Status started = Restart();

  EXPECT_EQ(back.state(), Change::STATE_DONE) << back.reason();
  ASSERT_TRUE(started.ok()) << started.message();
  EXPECT_EQ(Writes(), static_cast<std::uint32_t>(GetParam().first));
}

TEST_P(MovedFormats, AStartThatCannotRecordThemSaysSo) {
  std::filesystem::create_directory(Obstacle());
  ASSERT_EQ(Move(GetParam().second, "b").state(), Change::STATE_DONE);

  EXPECT_THAT(Restart().message(), HasSubstr("formats.json"));

  std::filesystem::remove(Obstacle());
  EXPECT_TRUE(stack_->Restart(Slots(GetParam().first, "a")).ok());
}

INSTANTIATE_TEST_SUITE_P(All, MovedFormats, ::testing::Values(std::pair(2, 1), std::pair(1, 2)),
                         [](const auto& test) {
                           return test.param.first == 2 ? "ToAnOlderRelease" : "ToANewerRelease";
                         });

}  // namespace
}  // namespace strata::host
