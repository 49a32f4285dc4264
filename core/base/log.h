#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace strata::base {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kFatal };

// "trace" ... "fatal".
std::string_view LogLevelName(LogLevel level);
// False when `name` is none of them.
bool ParseLogLevel(std::string_view name, LogLevel* out);

// One field of an event: an id, a code, a count, a duration. Never a patient's data.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view{v}) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, int v) : key(k), value(std::int64_t{v}) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(v) {}

  std::string_view key;
  Value value;
};

// Where finished lines go. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // `line` ends with a newline.
  virtual void Write(std::string_view line) = 0;
};

// Writes each line to a file descriptor (not owned) with one write(2), so that lines of several
// threads and processes do not mix. A line that cannot be written is lost.
class FdLogSink final : public LogSink {
 public:
  explicit FdLogSink(int fd) : fd_(fd) {}
  void Write(std::string_view line) override;

 private:
  int fd_;
};

// Keeps the lines: for tests.
class MemoryLogSink final : public LogSink {
 public:
  void Write(std::string_view line) override;
  std::vector<std::string> Lines() const;
  // Number of lines that contain `text`.
  std::size_t Count(std::string_view text) const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ STRATA_GUARDED_BY(mutex_);
};

// Structured log: one event, one line of JSON:
//   {"ts":"2026-11-21T09:30:00.123456Z","level":"info","event":"slot.active","slot":"record"}
// Texts that are not UTF-8 are repaired, texts over kMaxText bytes cut. Thread-safe.
class Log final {
 public:
  static constexpr std::size_t kMaxText = 512;

  Log(LogSink& sink, const Clock& clock, LogLevel least = LogLevel::kInfo)
      : sink_(sink), clock_(clock), least_(least) {}

  bool Enabled(LogLevel level) const { return level >= least_.load(std::memory_order_relaxed); }
  void SetLeast(LogLevel level) { least_.store(level, std::memory_order_relaxed); }

  void Write(LogLevel level, std::string_view event, std::span<const LogField> fields);

  using Fields = std::initializer_list<LogField>;
  void Debug(std::string_view event, Fields f = {}) { Write(LogLevel::kDebug, event, Span(f)); }
  void Info(std::string_view event, Fields f = {}) { Write(LogLevel::kInfo, event, Span(f)); }
  void Warning(std::string_view event, Fields f = {}) { Write(LogLevel::kWarning, event, Span(f)); }
  void Error(std::string_view event, Fields f = {}) { Write(LogLevel::kError, event, Span(f)); }

 private:
  static std::span<const LogField> Span(Fields f) { return {f.begin(), f.size()}; }

  LogSink& sink_;
  const Clock& clock_;
  std::atomic<LogLevel> least_;
};

}  // namespace strata::base
