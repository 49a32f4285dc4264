#pragma once

#include <strata/cancel.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/isolation/remote_plugin.h"
#include "tests/support/fake_host.h"

// Isolated plugins in tests: the real processes under a FakeHost.
namespace strata::testing {

// A folder of its own, removed with everything in it.
class TempFolder final {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// How the tests' plugin, or the one in `image`, is started.
isolation::RemoteSpec SpecOf(const std::string& state_dir, const std::string& image = {});

// What a caller passes to host->call. Used by one thread, but for Cancel; a call whose requests and
// responses both stream is read and written by two.
class TestCall final : public strata_call {
 public:
  explicit TestCall(std::string text = {}, std::int64_t timeout_ms = 20'000);
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;

  // Makes it a streaming call; what is read next.
  void Stream(std::vector<std::string> requests);
  // Of FakeHost's client: "/isolationtest.v1.Probe/<method>" of `slot`.
  Code Run(const FakeHost& host, std::string_view slot, std::string_view method);
  Code RunFull(const FakeHost& host, std::string_view slot, std::string_view full_method);
  void Cancel() { source_.Cancel(); }

  void Note(std::string what);  // To order.

  // All responses, one after the other.
  std::string joined() const;
  std::vector<std::string> responses;
  std::string message;
  std::string details;
  std::map<std::string, std::string> trailers;
  std::vector<std::string> order;        // "read", "write:..." as they happened.
  bool break_stream = false;             // The next read fails.
  std::size_t refuse_after = 1'000'000;  // Responses that are wanted.

 private:
  static TestCall& Of(strata_call* c) { return static_cast<TestCall&>(*c); }
  static const strata_call_ops kOneRequest;
  static const strata_call_ops kManyRequests;

  std::string request_;
  std::deque<std::string> requests_;
  std::string current_;
  CancelSource source_;
  base::Mutex mutex_;  // Of order.
};

// One isolated probe in slot "probe", started.
class ProbeHost {
 public:
  explicit ProbeHost(const std::string& config = "{}");

  // "CODE" or the responses, one after the other.
  std::string Do(std::string_view request, std::string_view method = "Do");
  isolation::RemoteReport Report() const;
  // Sends the signal to the plugin's process.
  void Kill(int signal);

  TempFolder folder;
  std::shared_ptr<const strata_plugin> plugin;  // Outlives the host, which uses it to its end.
  FakeHost host;
  Status added;
};

}  // namespace strata::testing
