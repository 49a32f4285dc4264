#include "plugins/data_fhir/bundle/processor.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/bundle/transaction.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/writer.h"

namespace strata::fhir::bundle {
namespace {

using data::v1::TransactionEntry;

constexpr std::uint32_t kOk = 200;
constexpr std::uint32_t kCreated = 201;
constexpr std::uint32_t kNoContent = 204;

bool IsRead(const Entry& entry) {
  return entry.method == Method::kGet || entry.method == Method::kHead;
}

// A batch entry's own request_id, so that a repeated batch repeats each of its changes harmlessly.
std::string RequestIdOf(const Environment& environment, const Entry& entry) {
  if (environment.name.id.empty()) return {};
  return std::string(environment.name.id).append("/").append(std::to_string(entry.index));
}

void FillWrite(data::v1::WriteResponse& written, TransactionEntry* response) {
  response->set_status(written.created() ? kCreated : kOk);
  *response->mutable_resource() = std::move(*written.mutable_resource());
}

class BatchRun {
 public:
  BatchRun(store::Store& store, const Context& cx, const Environment& environment)
      : store_(store), cx_(cx), environment_(environment) {}

  Status Run(const Entry& entry, TransactionEntry* response) {
    switch (entry.method) {
      case Method::kGet:
      case Method::kHead:
        return ReadEntry(store_, cx_, entry, environment_.base_url, environment_.search, response);
      case Method::kPost:
        return Create(entry, response);
      case Method::kPut:
        return Update(entry, response);
      case Method::kDelete:
        return Delete(entry, response);
      case Method::kPatch:
        break;
    }
    return store::Fault(Code::kUnimplemented, "not-supported", "PATCH is not supported yet",
                        "request.method");
  }

 private:
  Status Create(const Entry& entry, TransactionEntry* response) {
    if (!entry.creates()) {
      return store::Fault(Code::kUnimplemented, "not-supported",
                          "operations and search by POST within a bundle are not supported",
                          "request.url");
    }
    data::v1::CreateRequest request;
    request.set_type(entry.url.type);
    request.set_json(std::string(entry.body.raw()));
    request.set_conditional(entry.conditional_create);
    *request.mutable_if_none_exist() = entry.if_none_exist;
    request.set_request_id(RequestIdOf(environment_, entry));
    data::v1::WriteResponse written;
    STRATA_RETURN_IF_ERROR(store::Create(store_, cx_, request, &written));
    FillWrite(written, response);
    return {};
  }

  Status Update(const Entry& entry, TransactionEntry* response) {
    data::v1::UpdateRequest request;
    request.set_type(entry.url.type);
    request.set_id(entry.url.id);
    request.set_json(std::string(entry.body.raw()));
    request.set_if_match_version_id(entry.if_match);
    request.set_if_none_match_any(entry.if_none_match_any);
    request.set_conditional(entry.url.conditional());
    *request.mutable_condition() = entry.url.parameters;
    request.set_request_id(RequestIdOf(environment_, entry));
    data::v1::WriteResponse written;
    STRATA_RETURN_IF_ERROR(store::Update(store_, cx_, request, &written));
    FillWrite(written, response);
    return {};
  }

  Status Delete(const Entry& entry, TransactionEntry* response) {
    data::v1::DeleteRequest request;
    request.set_type(entry.url.type);
    request.set_id(entry.url.id);
    request.set_if_match_version_id(entry.if_match);
    request.set_conditional(entry.url.conditional());
    *request.mutable_condition() = entry.url.parameters;
    request.set_request_id(RequestIdOf(environment_, entry));
    data::v1::DeleteResponse deleted;
    STRATA_RETURN_IF_ERROR(store::Delete(store_, cx_, request, &deleted));
    response->set_status(kNoContent);
    return {};
  }

  store::Store& store_;
  const Context& cx_;
  const Environment& environment_;
};

// Entries of a batch in the order in which they are carried out.
std::vector<std::size_t> ExecutionOrder(const Bundle& bundle) {
  std::vector<std::size_t> order(bundle.entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return bundle.entries[a].method < bundle.entries[b].method;
  });
  return order;
}

Status ProcessBatch(store::Store& store, const Context& cx, const Bundle& bundle,
                    const Environment& environment, EntryVisitor visit) {
  std::vector<TransactionEntry> responses(bundle.entries.size());
  BatchRun run(store, cx, environment);
  for (const std::size_t i : ExecutionOrder(bundle)) {
    if (cx.Cancelled()) return Cancelled("the caller is gone");
    const Entry& entry = bundle.entries[i];
    responses[i].set_method(std::string(MethodName(entry.method)));
    Status status = bundle.faults[i];
    if (status.ok()) status = store::Within(run.Run(entry, &responses[i]), entry.path());
    if (status.ok()) continue;
    responses[i].set_status(store::HttpStatusOf(status));
    *responses[i].mutable_outcome() = store::OutcomeOf(status);
  }
  for (TransactionEntry& response : responses) {
    if (!visit(response)) break;
  }
  return {};
}

Status ProcessTransaction(store::Store& store, const Context& cx, const Bundle& bundle,
                          const Environment& environment, EntryVisitor visit) {
  Transaction transaction(store, cx, bundle, environment.name);
  transaction.KeepTexts();
  STRATA_RETURN_IF_ERROR(transaction.Run());
  for (const Entry& entry : bundle.entries) {
    TransactionEntry response;
    response.set_method(std::string(MethodName(entry.method)));
    if (IsRead(entry)) {
      // What was written is durable by now: a read that fails cannot take it back.
      const Status status = store::Within(
          ReadEntry(store, cx, entry, environment.base_url, environment.search, &response),
          entry.path());
      if (!status.ok()) {
        response.set_status(store::HttpStatusOf(status));
        *response.mutable_outcome() = store::OutcomeOf(status);
      }
    } else {
      const EntryResult& result = transaction.result(entry.index);
      response.set_status(result.status);
      if (!result.resource.type().empty()) *response.mutable_resource() = result.resource;
    }
    if (!visit(response)) break;
  }
  return {};
}

}  // namespace

Status Process(store::Store& store, const Context& cx, const Bundle& bundle,
               const Environment& environment, EntryVisitor visit) {
  switch (bundle.kind) {
    case Kind::kTransaction:
      return ProcessTransaction(store, cx, bundle, environment, visit);
    case Kind::kBatch:
      return ProcessBatch(store, cx, bundle, environment, visit);
    case Kind::kOther:
      break;
  }
  return store::Fault(Code::kInvalidArgument, "value",
                      "only bundles of the types batch and transaction can be carried out",
                      "Bundle.type");
}

}  // namespace strata::fhir::bundle
