#include "core/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>

#include "core/base/json_writer.h"

namespace strata::base {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"trace",   "debug", "info",
                                                         "warning", "error", "fatal"};

constexpr std::size_t kUsualLine = 384;

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 if there is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t n) {
    if (text.size() <= n) return false;
    for (std::size_t i = 1; i <= n; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) <= 0xdf) return follows(1) ? 2 : 0;
  if (byte(0) >= 0xe0 && byte(0) <= 0xef) {
    if (!follows(2)) return 0;
    const bool overlong = byte(0) == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = byte(0) == 0xed && byte(1) > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (byte(0) >= 0xf0 && byte(0) <= 0xf4) {
    if (!follows(3)) return 0;
    const bool overlong = byte(0) == 0xf0 && byte(1) < 0x90;
    const bool too_big = byte(0) == 0xf4 && byte(1) > 0x8f;
    return overlong || too_big ? 0 : 4;
  }
  return 0;
}

// Whether the text may stand in JSON as it is, as nearly all do.
bool IsPlain(std::string_view text) {
  return text.size() <= Log::kMaxText && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
         });
}

void AppendText(std::string_view text, std::string* out) {
  if (IsPlain(text)) {
    out->push_back('"');
    out->append(text);
    out->push_back('"');
    return;
  }
  std::string clean;
  clean.reserve(std::min(text.size(), Log::kMaxText));
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (clean.size() + std::max<std::size_t>(length, 1) > Log::kMaxText) break;
    if (length == 0) {
      clean.push_back('?');
    } else {
      clean.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  json::AppendQuoted(clean, out);
}

struct AppendValue {
  std::string* out;

  void operator()(std::string_view v) const { AppendText(v, out); }
  void operator()(bool v) const { out->append(v ? "true" : "false"); }
  void operator()(std::int64_t v) const { out->append(std::to_string(v)); }
  void operator()(std::uint64_t v) const { out->append(std::to_string(v)); }
  void operator()(double v) const {
    if (!std::isfinite(v)) {
      out->append("null");
      return;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", v);
    out->append(text.data());
  }
};

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  return kLevelNames.at(static_cast<std::size_t>(level));
}

bool ParseLogLevel(std::string_view name, LogLevel* out) {
  const auto* found = std::find(kLevelNames.begin(), kLevelNames.end(), name);
  if (found == kLevelNames.end()) return false;
  *out = static_cast<LogLevel>(found - kLevelNames.begin());
  return true;
}

void FdLogSink::Write(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

void MemoryLogSink::Write(std::string_view line) {
  const MutexLock lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> MemoryLogSink::Lines() const {
  const MutexLock lock(mutex_);
  return lines_;
}

std::size_t MemoryLogSink::Count(std::string_view text) const {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(),
                    [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

void Log::Write(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (!Enabled(level)) return;
  std::string line;
  line.reserve(kUsualLine);
  line.append("{\"ts\":\"");
  line.append(FormatTimestamp(clock_.WallUs()).text);
  line.append("\",\"level\":\"").append(LogLevelName(level)).append("\",\"event\":");
  AppendText(event, &line);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendText(field.key, &line);
    line.push_back(':');
    std::visit(AppendValue{&line}, field.value);
  }
  line.append("}\n");
  sink_.Write(line);
}

}  // namespace strata::base
