#include "plugins/data_fhir/service/operations.h"

#include <string>

#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::service {

Status Operate(store::Store&, const Context&, Reader<data::v1::OperateRequest>& reader,
               Writer<data::v1::OperateResponse>&) {
  data::v1::OperateRequest first;
  STRATA_RETURN_IF_ERROR(reader.Read(&first).status());
  return store::Fault(Code::kUnimplemented, "not-supported",
                      "this server has no such operation; it has none yet", "operation");
}

}  // namespace strata::fhir::service
