#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/metrics.h"

namespace strata::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Clock, FakeClockMovesWhenTold) {
  FakeClock clock;
  const std::int64_t before = clock.MonotonicUs();

  clock.Advance(std::chrono::milliseconds(3));

  EXPECT_EQ(clock.MonotonicUs() - before, 3000);
  EXPECT_STREQ(FormatTimestamp(clock.WallUs()).text, "2026-11-21T00:00:00.003000Z");
}

TEST(Clock, TimestampsOfAnyAge) {
  EXPECT_STREQ(FormatTimestamp(-1).text, "1969-12-31T23:59:59.999999Z");
  EXPECT_STREQ(FormatTimestamp(INT64_MAX).text, "9999-12-31T23:59:59.775807Z");
}

TEST(Ids, Uuid7StartsWithTheTime) {
  const std::string id = NewUuid7(1'795'219'200'000'000);

  EXPECT_THAT(id,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(id.substr(0, 13), "01a1fb67-1800");
  EXPECT_NE(id, NewUuid7(1'795'219'200'000'000));
}

TEST(Ids, Uuid4IsRandom) {
  EXPECT_THAT(NewUuid4(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(NewUuid4(), NewUuid4());
}

TEST(Log, OneLineOfJsonPerEvent) {
  FakeClock clock;
  MemoryLogSink sink;
  Log log(sink, clock);

  log.Info("slot.active", {{"slot", "record"}, {"calls", 3}, {"ms", 1.5}, {"optional", false}});
  log.Debug("not.shown");

  EXPECT_THAT(sink.Lines(),
              ElementsAre("{\"ts\":\"2026-11-21T00:00:00.000000Z\",\"level\":\"info\",\"event\":"
                          "\"slot.active\",\"slot\":\"record\",\"calls\":3,\"ms\":1.5,"
                          "\"optional\":false}\n"));
}

TEST(Log, TextsAreRepairedAndCut) {
  FakeClock clock;
  MemoryLogSink sink;
  Log log(sink, clock);

  log.Error("e", {{"bad", "a\xff\xc3;\n\"\xc3\xa9"}, {"long", std::string(2000, 'x')}});

  const std::string line = sink.Lines().at(0);
  EXPECT_THAT(line, HasSubstr("\"bad\":\"a?"
                              "?;\\n\\\"\xc3\xa9\""));
  EXPECT_THAT(line, HasSubstr("\"" + std::string(Log::kMaxText, 'x') + "\""));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, LevelsHaveNames) {
  LogLevel level = LogLevel::kInfo;

  EXPECT_TRUE(ParseLogLevel("warning", &level));
  EXPECT_EQ(level, LogLevel::kWarning);
  EXPECT_EQ(LogLevelName(level), "warning");
  EXPECT_FALSE(ParseLogLevel("loud", &level));
}

TEST(Metrics, TextFormat) {
  MetricsRegistry registry;
  (*registry.GetCounter("requests_total", "All \\ of\nthem.", {{"path", "a\"b\\c\nd"}}))->Add(2);
  (*registry.GetGauge("depth", "Depth.", {}))->Set(0.5);

  EXPECT_EQ(registry.Text(),
            "# HELP depth Depth.\n# TYPE depth gauge\ndepth 0.5\n"
            "# HELP requests_total All \\\\ of\\nthem.\n# TYPE requests_total counter\n"
            "requests_total{path=\"a\\\"b\\\\c\\nd\"} 2\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndInclusive) {
  MetricsRegistry registry;
  Histogram* const bytes = *registry.GetHistogram("size_bytes", "Size.", {{"slot", "s"}});
  for (const double value : {64.0, 65.0, 1e30, -1.0}) bytes->Observe(value);

  const std::string text = registry.Text();

  EXPECT_THAT(text, HasSubstr("size_bytes_bucket{slot=\"s\",le=\"64\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("size_bytes_bucket{slot=\"s\",le=\"256\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("size_bytes_bucket{slot=\"s\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("size_bytes_count{slot=\"s\"} 4\n"));
}

TEST(Metrics, QuantilesAreNearTheTruth) {
  Histogram histogram;
  EXPECT_EQ(histogram.Read().Quantile(0.5), 0);
  for (int i = 1; i <= 1000; ++i) histogram.Observe(i * 1e-6);

  const auto read = histogram.Read();

  EXPECT_NEAR(read.Quantile(0.5), 500e-6, 100e-6);
  EXPECT_NEAR(read.Quantile(0.99), 990e-6, 198e-6);
  EXPECT_NEAR(read.sum, 0.5005, 1e-6);
}

TEST(Metrics, UpdatesFromManyThreadsAreAllCounted) {
  MetricsRegistry registry;
  Counter* const counter = *registry.GetCounter("n_total", "N.", {});
  Histogram histogram;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        counter->Add();
        histogram.Observe(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(counter->Value(), 8000);
  EXPECT_EQ(histogram.Read().count, 8000u);
}

TEST(Metrics, NamesAndSeriesAreChecked) {
  MetricsRegistry registry;
  ASSERT_TRUE(registry.GetCounter("a_total", "A.", {}).ok());

  EXPECT_FALSE(registry.GetGauge("a_total", "A.", {}).ok());
  EXPECT_FALSE(registry.GetCounter("1a", "A.", {}).ok());
  EXPECT_FALSE(registry.GetCounter("b", "B.", {{"__x", "1"}}).ok());
  EXPECT_FALSE(registry.GetCounter("b", "B.", {{"a:b", "1"}}).ok());
  Status last;
  for (std::size_t i = 0; i <= MetricsRegistry::kMaxSeriesPerFamily; ++i) {
    last = registry.GetCounter("many", "M.", {{"i", std::to_string(i)}}).status();
  }
  EXPECT_EQ(last.code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace strata::base
