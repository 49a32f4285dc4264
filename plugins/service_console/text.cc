#include "plugins/service_console/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace strata::console {
namespace {

namespace v1 = core::v1;

template <typename... Args>
std::string Format(const char* format, Args... args) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

std::tm Utc(std::int64_t us) {
  const auto seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm out{};
  ::gmtime_r(&seconds, &out);
  return out;
}

std::string Strftime(const char* format, const std::tm& time) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &time)};
}

}  // namespace

std::string Count(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string Latency(double us) {
  if (us <= 0) return "none yet";
  if (us < 10'000) return Format(us < 1000 ? "%.2f ms" : "%.1f ms", us / 1000);
  if (us < 1'000'000) return Format("%.0f ms", us / 1000);
  return Format("%.1f s", us / 1e6);
}

std::string Bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return Format(unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
}

std::string Duration(double seconds) {
  if (seconds < 0.0005) return Format("%.0f us", seconds * 1e6);
  if (seconds < 1) return Format("%.0f ms", seconds * 1000);
  if (seconds < 10) return Format("%.1f s", seconds);
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 60) return Format("%ld s", whole);
  if (whole < 3600) return Format("%ld min %ld s", whole / 60, whole % 60);
  if (whole < 172'800) return Format("%ld h %ld min", whole / 3600, whole % 3600 / 60);
  return Format("%ld days", whole / 86'400);
}

std::string Rate(double per_second) {
  if (per_second < 10) return Format("%.1f per second", per_second);
  return Count(static_cast<std::uint64_t>(std::llround(per_second))) + " per second";
}

std::string Percent(double percent) { return Format("%g %%", std::round(percent * 10) / 10); }

std::string ShortDigest(std::string_view digest) { return std::string(digest.substr(0, 12)); }

Html Time(std::int64_t us) {
  if (us <= 0) return Html::Text("not yet");
  const std::tm time = Utc(us);
  return Html().Add("<time datetime=\""_html, Strftime("%Y-%m-%dT%H:%M:%SZ", time), "\">"_html,
                    std::to_string(time.tm_mday), Strftime(" %b %Y, %H:%M:%S", time),
                    " UTC</time>"_html);
}

std::string_view LayerName(std::string_view layer) {
  if (layer == "service") return "Digital services";
  if (layer == "data") return "Data";
  if (layer == "hosting") return "Hosting";
  if (layer == "tool") return "Tools";
  return "Not loaded";
}

std::string_view IsolationName(std::string_view isolation) {
  if (isolation == "in-process" || isolation.empty()) return "in the core's process";
  if (isolation == "process") return "in its own process";
  if (isolation == "command") return "started by a command";
  if (isolation == "endpoint") return "attached from outside";
  return isolation;
}

std::string_view ActionName(v1::SlotChange::Action action) {
  switch (action) {
    case v1::SlotChange::ACTION_ADD:
      return "Added";
    case v1::SlotChange::ACTION_REMOVE:
      return "Removed";
    case v1::SlotChange::ACTION_SWAP:
      return "Swapped";
    case v1::SlotChange::ACTION_RECONFIGURE:
      return "New settings";
    case v1::SlotChange::ACTION_REWIRE:
      return "Connected anew";
    case v1::SlotChange::ACTION_FORMAT:
      return "Stored format";
    case v1::SlotChange::ACTION_CANARY:
      return "Shared";
    case v1::SlotChange::ACTION_SHADOW:
      return "Compared";
    default:
      return "Changed";
  }
}

std::string_view ModeName(v1::SwapMode mode) {
  switch (mode) {
    case v1::SWAP_MODE_OVERLAP:
      return "overlap";
    case v1::SWAP_MODE_HANDOVER:
      return "handover";
    case v1::SWAP_MODE_TRANSFER:
      return "transfer";
    default:
      return "the core chooses";
  }
}

std::string_view ModeMeaning(v1::SwapMode mode) {
  switch (mode) {
    case v1::SWAP_MODE_OVERLAP:
      return "Old and new run side by side until the old one has answered its last request.";
    case v1::SWAP_MODE_HANDOVER:
      return "Requests wait for a moment while the stored data changes hands.";
    case v1::SWAP_MODE_TRANSFER:
      return "The data is copied to the new plugin, followed, compared and then cut over.";
    default:
      return "The best mode that both plugins support.";
  }
}

std::string_view KindName(v1::Change::Kind kind) {
  switch (kind) {
    case v1::Change::KIND_SWAP:
      return "Swap";
    case v1::Change::KIND_APPLY:
      return "Stack file";
    case v1::Change::KIND_ROLLBACK:
      return "Rollback";
    case v1::Change::KIND_MOVE:
      return "Move of the rows";
    case v1::Change::KIND_FORMAT:
      return "Stored format";
    case v1::Change::KIND_CANARY:
      return "Canary";
    default:
      return "Change";
  }
}

std::string_view StateName(v1::Change::State state) {
  switch (state) {
    case v1::Change::STATE_RUNNING:
      return "Running";
    case v1::Change::STATE_PROBATION:
      return "On probation";
    case v1::Change::STATE_DONE:
      return "Done";
    case v1::Change::STATE_ROLLED_BACK:
      return "Taken back";
    case v1::Change::STATE_FAILED:
      return "Failed, nothing changed";
    default:
      return "Unknown";
  }
}

std::string_view StateName(v1::Trial::State state) {
  switch (state) {
    case v1::Trial::STATE_PREPARING:
      return "Preparing";
    case v1::Trial::STATE_RUNNING:
      return "Running";
    case v1::Trial::STATE_ENDED:
      return "Ended";
    case v1::Trial::STATE_WITHDRAWN:
      return "Withdrawn";
    case v1::Trial::STATE_FAILED:
      return "Failed";
    default:
      return "Unknown";
  }
}

std::string OccupantName(const v1::Occupant& occupant) {
  if (occupant.plugin().empty()) return "nothing";
  return occupant.plugin() + (occupant.version().empty() ? "" : " " + occupant.version());
}

}  // namespace strata::console
