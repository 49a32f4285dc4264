#include "tests/support/fake_host.h"

namespace strata::testing {

const strata_call_ops FakeRequest::kOps = {
    sizeof(strata_call_ops),
    /*write=*/nullptr,  // only the parent of calls: it is not served itself
    /*read=*/nullptr,
    [](strata_call* c) -> std::int32_t {
      return static_cast<Call*>(c)->source.cancelled() ? 1 : 0;
    },
    [](strata_call* c, void (*fn)(void*), void* arg) {
      return static_cast<Call*>(c)->source.Add(fn, arg);
    },
    [](strata_call* c, std::uint64_t id) { static_cast<Call*>(c)->source.Remove(id); },
    /*set_status=*/nullptr,
    /*set_trailer=*/nullptr,
    /*finish=*/nullptr};

FakeRequest::FakeRequest(FakeRequestOptions options)
    : options_(std::move(options)), context_(Fill()) {}

strata_call* FakeRequest::Fill() {
  for (const auto& [key, value] : options_.metadata) {
    metadata_.push_back({abi::Str(key), abi::Bytes(value)});
  }
  call_.struct_size = sizeof(strata_call);
  call_.ops = &kOps;
  if (options_.timeout) call_.deadline_us = abi::MonotonicUs() + options_.timeout->count();
  call_.metadata = metadata_.data();
  call_.metadata_count = metadata_.size();
  call_.auth = abi::Bytes(options_.auth);
  call_.frame = {options_.auth, call_.deadline_us};
  call_.host_ref = reinterpret_cast<std::uint64_t>(&call_.frame);
  return &call_;
}

}  // namespace strata::testing
