// Each real layer swapped under mixed HTTP and gRPC load with writes: no request fails, no write is
// lost or doubled, and broken candidates are refused or taken back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bench/swap/campaign.h"
#include "tests/host/host_test_util.h"

namespace strata::bench {
namespace {

using ::testing::IsEmpty;

constexpr int kSwaps = 100;
constexpr int kClients = 4;

class SwapLayers : public ::testing::TestWithParam<std::string> {};

TEST_P(SwapLayers, UnderLoad) {
  const host::TempDir folder;
  auto layers = LayerStack::Start(folder.path());
  ASSERT_TRUE(layers.ok()) << layers.status().message();
  Load load((*layers)->http(), (*layers)->grpc(), kClients);

  const CampaignResult result = SwapAgainAndAgain(**layers, load, GetParam(), {kSwaps, {}});

  load.Stop();
  EXPECT_THAT(result.unexpected, IsEmpty());
  EXPECT_EQ(result.switched, kSwaps * 9 / 10);
  // Of the first ten, each that serves once.
  EXPECT_EQ(result.refused, 8);
  EXPECT_EQ(result.taken_back, 2);
  EXPECT_EQ(result.cancelled, 0u);
  EXPECT_EQ(load.Figures(Load::kSwapping).failed, 0u) << load.first_fault();
  EXPECT_EQ(load.lost_or_doubled(), 0u) << load.first_fault();
  EXPECT_GT(load.writes(), static_cast<std::uint64_t>(kSwaps));
  EXPECT_EQ((*layers)->log().Count("plugin.misbehaving"), 0u);
  // Those that did not end in time are ZOMBIEs; by the time that the stop is over they have ended.
  EXPECT_EQ((*layers)->Stop().code(), Code::kDeadlineExceeded);
}

INSTANTIATE_TEST_SUITE_P(All, SwapLayers, ::testing::ValuesIn(kLayers),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace strata::bench
