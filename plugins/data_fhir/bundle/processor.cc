#include "plugins/data_fhir/bundle/processor.h"

#include "plugins/data_fhir/bundle/batch.h"
#include "plugins/data_fhir/bundle/transaction.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

using data::v1::TransactionEntry;

Status ProcessBatch(store::Store& store, const Context& cx, const Bundle& bundle,
                    const Environment& environment, EntryVisitor visit) {
  Batch batch(store, cx, bundle, environment);
  STRATA_RETURN_IF_ERROR(batch.Run());
  for (TransactionEntry& response : batch.responses()) {
    if (!visit(response)) break;
  }
  return {};
}

// What a transaction asks for that cannot be is found before anything is written.
Status CheckReads(const Bundle& bundle, const Environment& environment) {
  for (const Entry& entry : bundle.entries) {
    if (entry.url.operation.empty() || !environment.check_operation) continue;
    STRATA_RETURN_IF_ERROR(store::Within(environment.check_operation("$" + entry.url.operation),
                                         entry.path() + ".request"));
  }
  return {};
}

Status ProcessTransaction(store::Store& store, const Context& cx, const Bundle& bundle,
                          const Environment& environment, EntryVisitor visit) {
  Transaction transaction(store, cx, bundle, environment.name);
  transaction.KeepTexts();
  STRATA_RETURN_IF_ERROR(CheckReads(bundle, environment));
  STRATA_RETURN_IF_ERROR(transaction.Run());
  for (const Entry& entry : bundle.entries) {
    TransactionEntry response;
    response.set_method(std::string(MethodName(entry.method)));
    if (entry.reads()) {
      // What was written is durable by now: a read that fails cannot take it back.
      const Status status =
          store::Within(ReadEntry(store, cx, entry, environment, &response), entry.path());
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
