#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/host/isolation.h"
#include "core/host/stack.h"
#include "strata/core/v1/core.pb.h"
#include "strata/data/v1/data.pb.h"

namespace strata::trial {

// A running stack with records in memory and trials, driven without sockets. The calls of slots are
// thread-safe, the rest is single-threaded.
class LiveStack final {
 public:
  // `isolation` outlives it; null: everything runs in this process. `head`: of its stack file.
  explicit LiveStack(host::Isolation* isolation = nullptr, const std::string& head = "");
  ~LiveStack();
  LiveStack(const LiveStack&) = delete;
  LiveStack& operator=(const LiveStack&) = delete;

  host::Stack& operator*() { return *stack_; }
  host::Stack* operator->() { return stack_.get(); }
  std::string dir() const { return dir_; }

  // strata.core.v1.Core, as an operator calls it.
  Result<core::v1::Trial> StartTrial(const std::string& slot, const std::string& package,
                                     const std::string& config_json = "", double shadow = 100);
  Result<core::v1::Trial> StartTrial(const core::v1::StartTrialRequest& request);
  Result<core::v1::Change> ChangeOf(const core::v1::Trial& trial);
  core::v1::Trial Get(const std::string& id);
  core::v1::Trial End(const std::string& id);
  // Repeats `traffic` until the trial answers `enough`, or for a long time.
  core::v1::Trial Until(const std::string& id, const std::function<void()>& traffic,
                        const std::function<bool(const core::v1::Trial&)>& enough);

  // Swaps and waits until the change has switched, without a probation.
  Status Swap(const std::string& slot, const std::string& package);

  // strata.data.v1.Data of slot "record".
  Result<data::v1::WriteResponse> Put(const std::string& id, const std::string& family);
  Status Import(const std::string& id, const std::string& family);
  Status Delete(const std::string& id);
  Result<data::v1::ReadResponse> Read(const std::string& id);
  Status Search(const std::string& family);
  // An HTTP exchange of slot "fhir"; its body.
  std::string Http(const std::string& method, const std::string& path,
                   const std::string& body = "");
  // A page of slot "viewer".
  std::string Page(const std::string& path);

 private:
  std::string Exchange(const std::string& slot, const std::string& route, const std::string& method,
                       const std::string& path, const std::string& body);

  std::string dir_;
  base::MemoryLogSink sink_;
  base::SystemClock clock_;
  base::Log log_{sink_, clock_};
  std::unique_ptr<host::Stack> stack_;
};

// The figures of one method; all zero when it was not compared.
core::v1::TrialMethod MethodOf(const core::v1::Trial& trial, const std::string& name);

}  // namespace strata::trial
