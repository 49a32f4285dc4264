#pragma once

#include <strata/plugin_abi.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/cancel.h"
#include "strata/context.h"
#include "strata/host.h"
#include "strata/status.h"

namespace strata::testing {

// One line that a plugin logged.
struct LogLine {
  std::string slot;
  std::int32_t severity;
  std::string event;
  std::map<std::string, std::string> fields;
};

// A core for tests: wires plugins that are linked into the test, without dlopen, packages or
// threads. Calls keep the rules of the real one: nested calls inherit deadline, cancellation and
// identity of what is being served, and a plugin reaches only what it is bound to. Not supported:
// STRATA_METHOD_ASYNC. Calls are thread-safe; Add, Restart and the setters are not.
//
//   FakeHost host;
//   ASSERT_TRUE(host.Add("mem", strata_plugin_hosting_memory(0), "{}").ok());
//   ASSERT_TRUE(host.Add("fhir", strata_plugin_data_fhir(0), "{}", {{"store", "mem"}}).ok());
//   RecordsClient client(host.Client(), "fhir");      // the test is bound to each slot by its name
//   FakeRequest request({.auth = clinician});
//   client.Read(request.context(), ...);
class FakeHost final {
 public:
  using Bindings = std::map<std::string, std::string>;  // name in "requires" -> slot

  FakeHost();
  // Drains, stops and destroys the plugins, the last added first.
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // Creates and starts a plugin; its own refusal is returned with its reason. The slots that it is
  // bound to must have been added before.
  Status Add(std::string slot, const strata_plugin* plugin, std::string_view config = "{}",
             Bindings bindings = {});

  // Drains, stops and destroys the instance and starts a new one with the same config.
  Status Restart(std::string_view slot);

  // For the clients of the test.
  Host Client() const;
  // What the plugin in `slot` sees.
  Host HostOf(std::string_view slot) const;
  // The instance, to call its vtable directly.
  void* Instance(std::string_view slot) const;
  Status Health(std::string_view slot) const;

  // Folders of plugins added from now on.
  void SetStateDir(std::string dir);
  void SetPackageDir(std::string dir);
  void SetNowUs(std::int64_t now_us);
  void SetSecret(std::string name, std::string value);

  std::vector<LogLine> Logs() const;
  // Sum of the counter, last value of the gauge or last observation; nothing if never registered.
  std::optional<double> MetricValue(std::string_view name) const;

 private:
  class Slot;
  struct State;

  Slot* Find(std::string_view slot) const;

  std::unique_ptr<State> state_;
};

// What a nested call inherits, as FakeHost keeps it behind strata_call.host_ref. It trusts plugins
// with the pointer; the real core does not.
struct CallFrame {
  std::string_view auth;
  std::int64_t deadline_us = 0;
};

struct FakeRequestOptions {
  std::string auth = {};  // serialized AuthContext
  std::optional<std::chrono::microseconds> timeout = std::nullopt;
  Metadata metadata = {};
};

// A request as it enters the core: the parent of what the test calls. Outlives those calls.
class FakeRequest final {
 public:
  explicit FakeRequest(FakeRequestOptions options = {});
  FakeRequest(const FakeRequest&) = delete;
  FakeRequest& operator=(const FakeRequest&) = delete;

  Context& context() { return context_; }
  void Cancel() { call_.source.Cancel(); }

 private:
  struct Call : strata_call {
    CancelSource source;
    CallFrame frame;
  };
  static const strata_call_ops kOps;
  strata_call* Fill();

  FakeRequestOptions options_;
  std::vector<strata_kv> metadata_;
  Call call_{};
  Context context_;  // of call_, which the constructor fills first
};

}  // namespace strata::testing
