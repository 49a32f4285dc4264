#include "strata/plugin_table.h"

#include <string>

namespace strata::sdk {

strata_code Explain(strata_status* why, const Status& status) {
  const auto code = static_cast<strata_code>(status.code());
  if (why == nullptr) return code;
  why->code = code;
  if (status.ok()) return code;
  thread_local Status last;
  last = status;
  why->message = abi::Str(last.message());
  why->details = abi::Bytes(last.details());
  return code;
}

strata_code NoSuchMethod(strata_call* call) {
  return Finish(call,
                Unimplemented("this plugin has no method number " + std::to_string(call->method)));
}

std::string_view BuildInfo() {
#ifdef __clang__
  return "strata-sdk 0.1.0, clang " __clang_version__;
#else
  return "strata-sdk 0.1.0, gcc " __VERSION__;
#endif
}

}  // namespace strata::sdk
