// RemotePlugin: strata.migrate/1, through the process boundary.
#include "core/isolation/remote_plugin.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {
namespace {

constexpr std::int64_t kPieceUs = 30'000'000;

}  // namespace

strata_code RemotePlugin::Migrate(const FormatStep& step, strata_format_state* out,
                                  strata_status* why) {
  v1::FormatRequest request;
  request.set_format(step.format);
  request.set_budget_us(step.budget_us);
  strata_code code = STRATA_OK;
  const auto answer =
      AskControl(step.path, request.SerializeAsString(), abi::MonotonicUs() + kPieceUs, &code, why);
  if (!answer) return code;
  v1::FormatReply reply;
  if (!reply.ParseFromString(*answer)) {
    return Explain(why, STRATA_INTERNAL, "no answer of its own");
  }
  if (reply.reply().code() != STRATA_OK) {
    return Explain(why, reply.reply().code(), reply.reply().message());
  }
  if (out == nullptr) return STRATA_OK;
  out->writes = reply.writes();
  out->lowest = reply.lowest();
  out->done = reply.done();
  out->total = reply.total();
  return STRATA_OK;
}

}  // namespace strata::isolation
