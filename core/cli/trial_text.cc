#include "core/cli/trial_text.h"

#include <array>
#include <cstdio>

#include "core/base/json_writer.h"
#include "core/cli/change_text.h"
#include "core/cli/table.h"
#include "strata/core/v1/core.pb.h"

namespace strata::cli {
namespace {

namespace v1 = core::v1;

// Places to show per method.
constexpr int kMostPlaces = 10;

std::string Percent(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g%%", value);
  return text.data();
}

std::string Short(const std::string& method) {
  const std::size_t slash = method.rfind('/');
  return slash == std::string::npos ? method : method.substr(slash + 1);
}

std::string Name(const v1::Occupant& occupant) {
  return occupant.plugin().empty() ? "?" : occupant.plugin() + " " + occupant.version();
}

void WriteCalls(json::Writer& out, std::string_view name, const v1::CallStats& calls) {
  out.Key(name).BeginObject();
  out.Key("calls").Raw(std::to_string(calls.calls()));
  out.Key("errors").Raw(std::to_string(calls.errors()));
  out.Key("p50_us").Int(static_cast<std::int64_t>(calls.p50_us()));
  out.Key("p99_us").Int(static_cast<std::int64_t>(calls.p99_us()));
  out.EndObject();
}

void WriteMethod(json::Writer& out, const v1::TrialMethod& method) {
  const auto count = [&](std::string_view name, std::uint64_t value) {
    out.Key(name).Raw(std::to_string(value));
  };
  const auto latency = [&](std::string_view name, const v1::CallStats& stats) {
    out.Key(name).BeginObject();
    out.Key("p50_us").Int(static_cast<std::int64_t>(stats.p50_us()));
    out.Key("p99_us").Int(static_cast<std::int64_t>(stats.p99_us()));
    out.EndObject();
  };
  out.BeginObject();
  out.Field("method", method.method());
  count("compared", method.compared());
  count("same", method.same());
  count("different", method.different());
  count("errors", method.errors());
  latency("live", method.live());
  latency("candidate", method.candidate());
  out.Key("differences").BeginArray();
  for (const v1::TrialDifference& difference : method.differences()) {
    out.BeginObject();
    out.Field("path", difference.path());
    count("count", difference.count());
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
}

}  // namespace

std::string TrialStateName(const v1::Trial& trial) {
  switch (trial.state()) {
    case v1::Trial::STATE_PREPARING:
      return "preparing";
    case v1::Trial::STATE_RUNNING:
      return "running";
    case v1::Trial::STATE_ENDED:
      return "ended";
    case v1::Trial::STATE_WITHDRAWN:
      return "withdrawn";
    case v1::Trial::STATE_FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

namespace {

// Both sides of a canary, and what to do next.
std::string CanaryText(const v1::Trial& trial) {
  std::string out = trial.change().empty() ? "\n\n" : "change " + trial.change() + "\n\n";
  Table table({"PATIENTS", "SERVED BY", "CALLS", "FAILED", "P50", "P99"});
  const auto add = [&](const char* which, const v1::Occupant& by, const v1::CallStats& calls) {
    table.Add({which, Name(by), std::to_string(calls.calls()), std::to_string(calls.errors()),
               FormatMicroseconds(calls.p50_us()), FormatMicroseconds(calls.p99_us())});
  };
  add("of the share", trial.candidate(), trial.candidate_calls());
  add("the others", trial.live(), trial.live_calls());
  out += table.ToString();
  const bool ended_well = trial.state() == v1::Trial::STATE_ENDED;
  if (trial.state() == v1::Trial::STATE_RUNNING || ended_well) {
    out += "\nTo give it all patients: strata swap " + trial.slot() + " " +
           trial.candidate().package() + "\n";
  }
  return out;
}

}  // namespace

std::string TrialText(const v1::Trial& trial) {
  std::string out = trial.id() + ": slot " + trial.slot() + ", " + Name(trial.live()) +
                    " against " + Name(trial.candidate()) + ", " + TrialStateName(trial);
  if (!trial.reason().empty()) out += ": " + trial.reason();
  out += "\n";
  if (trial.shadow_percent() > 0) out += "shadow " + Percent(trial.shadow_percent()) + "  ";
  if (trial.canary_percent() > 0) out += "canary " + Percent(trial.canary_percent()) + "  ";
  if (trial.canary_percent() > 0) return out + CanaryText(trial);
  out += "skipped " + std::to_string(trial.skipped()) + "\n\n";
  Table table(
      {"METHOD", "COMPARED", "SAME", "DIFFERENT", "ERRORS", "P50", "P50 NEW", "P99", "P99 NEW"});
  for (const v1::TrialMethod& method : trial.methods()) {
    table.Add({Short(method.method()), std::to_string(method.compared()),
               std::to_string(method.same()), std::to_string(method.different()),
               std::to_string(method.errors()), FormatMicroseconds(method.live().p50_us()),
               FormatMicroseconds(method.candidate().p50_us()),
               FormatMicroseconds(method.live().p99_us()),
               FormatMicroseconds(method.candidate().p99_us())});
  }
  out += table.ToString();
  for (const v1::TrialMethod& method : trial.methods()) {
    for (int i = 0; i < method.differences_size() && i < kMostPlaces; ++i) {
      out += "\n" + Short(method.method()) + " differs at " + method.differences(i).path() + ": " +
             std::to_string(method.differences(i).count());
    }
  }
  if (out.back() != '\n') out += "\n";
  return out;
}

std::string TrialPlanText(const v1::Trial& trial) {
  const std::string plan = PlanText(trial.plan());
  if (trial.canary_percent() > 0) {
    return plan + "  ! it answers the requests of " + Percent(trial.canary_percent()) +
           " of the patients, and what it writes is the record";
  }
  return plan + "  ! it gets copies of " + Percent(trial.shadow_percent()) +
         " of the reads; its answers are compared and thrown away";
}

std::string TrialsText(const v1::ListTrialsResponse& trials) {
  Table table({"TRIAL", "SLOT", "CANDIDATE", "STATE", "SHADOW", "CANARY", "COMPARED", "DIFFERENT",
               "ERRORS", "REASON"});
  for (const v1::Trial& trial : trials.trials()) {
    std::uint64_t compared = 0;
    std::uint64_t different = 0;
    std::uint64_t errors = 0;
    for (const v1::TrialMethod& method : trial.methods()) {
      compared += method.compared();
      different += method.different();
      errors += method.errors();
    }
    table.Add({trial.id(), trial.slot(), Name(trial.candidate()), TrialStateName(trial),
               Percent(trial.shadow_percent()), Percent(trial.canary_percent()),
               std::to_string(compared), std::to_string(different), std::to_string(errors),
               trial.reason()});
  }
  return table.ToString();
}

std::string TrialJson(const v1::Trial& trial) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Field("id", trial.id());
  out.Field("slot", trial.slot());
  out.Field("live", Name(trial.live()));
  out.Field("candidate", Name(trial.candidate()));
  out.Field("state", trial.has_plan() ? "planned" : TrialStateName(trial));
  out.Field("reason", trial.reason());
  out.Key("started_us").Int(trial.started_us());
  out.Key("ended_us").Int(trial.ended_us());
  out.Key("skipped").Raw(std::to_string(trial.skipped()));
  if (trial.canary_percent() > 0) {
    out.Field("change", trial.change());
    WriteCalls(out, "candidate_calls", trial.candidate_calls());
    WriteCalls(out, "live_calls", trial.live_calls());
  }
  if (trial.has_plan()) {
    out.Key("plan").BeginArray();
    for (const std::string& sentence : trial.plan().warnings()) out.String(sentence);
    out.EndArray();
  }
  out.Key("methods").BeginArray();
  for (const v1::TrialMethod& method : trial.methods()) WriteMethod(out, method);
  out.EndArray();
  out.EndObject();
  return text;
}

}  // namespace strata::cli
