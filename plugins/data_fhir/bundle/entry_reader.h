#pragma once

#include <strata/context.h>

#include <functional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/request_log.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// One page of a search, in one message.
using Search = std::function<Status(const Context& cx, const data::v1::SearchRequest& request,
                                    data::v1::SearchResponse* response)>;

// A read, of a part of the resource where the request asks for one.
using Read = std::function<Status(const Context& cx, const data::v1::ReadRequest& request,
                                  data::v1::ReadResponse* response)>;

// An operation; answers its resource as JSON.
using Operate =
    std::function<Result<std::string>(const Context& cx, const data::v1::OperateRequest& request)>;

// What is not in the bundle itself.
struct Environment {
  std::string_view base_url;
  Search search;
  Operate operate;
  // Whether there is such an operation ("$fhirpath"), with the error to answer when there is none.
  std::function<Status(std::string_view operation)> check_operation;
  store::RequestName name;  // of a transaction or batch with a request_id
  Read read = {};
  // The CapabilityStatement as JSON.
  std::function<Result<std::string>(const Context& cx)> capabilities = {};
  data::v1::Handling handling = data::v1::HANDLING_UNSPECIFIED;
};

// Carries out an entry that changes nothing: read, vread, history, search by GET or POST,
// operations, capabilities. Errors as the interactions themselves. Thread-safe; blocks.
Status ReadEntry(store::Store& store, const Context& cx, const Entry& entry,
                 const Environment& environment, data::v1::TransactionEntry* response);

}  // namespace strata::fhir::bundle
