#include "core/move/transfers.h"

#include <string_view>

#include "core/host/layout.h"
#include "core/move/data_transfer.h"
#include "core/move/hosting_transfer.h"

namespace strata::move {
namespace {

bool Both(const host::Slot& now, const host::Slot& next, std::string_view method) {
  return now.instance->MethodIndex(method) >= 0 && next.instance->MethodIndex(method) >= 0;
}

}  // namespace

host::MakeTransfer Transfers() {
  return [](host::StackState& state, const host::Slot& now,
            const host::Slot& next) -> Result<std::unique_ptr<host::Transfer>> {
    if (Both(now, next, "/strata.hosting.v1.Hosting/Describe")) {
      return MakeHostingTransfer(state, now, next);
    }
    if (Both(now, next, "/strata.data.v1.Data/Describe")) return MakeDataTransfer(state, now, next);
    return Unimplemented("only the records of hosting and of data plugins can be copied");
  };
}

}  // namespace strata::move
