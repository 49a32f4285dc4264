#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "storage/api/clock.h"
#include "tests/storage/engine_helpers.h"

// What every engine promises. A new engine instantiates the suite with a way to open it:
//   INSTANTIATE_TEST_SUITE_P(MyEngine, EngineContract, ::testing::Values(EngineParam{...}));
namespace strata::storage::testing {

struct EngineParam {
  std::string name;
  // Opens an empty store; tests advance `steady_us`, and give small limits to feeds.
  std::function<std::unique_ptr<Engine>(const std::string& folder, const Clock& clock,
                                        std::size_t feed_bytes)>
      open;
};

inline void PrintTo(const EngineParam& param, std::ostream* out) { *out << param.name; }

class EngineContract : public ::testing::TestWithParam<EngineParam> {
 protected:
  EngineContract() {
    clock_.steady_us = [this] { return steady_us_.load(); };
    engine_ = Open(folder_.path() + "/store", std::size_t{16} << 20);
  }

  std::unique_ptr<Engine> Open(const std::string& folder, std::size_t feed_bytes) {
    return GetParam().open(folder, clock_, feed_bytes);
  }
  Engine& engine() { return *engine_; }

  TempFolder folder_;
  std::atomic<std::int64_t> steady_us_{1'000'000};
  Clock clock_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace strata::storage::testing
