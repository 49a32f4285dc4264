#include "core/trial/patient.h"

#include "core/base/form.h"
#include "core/base/json.h"
#include "strata/common/v1/common.pb.h"
#include "strata/data/v1/data.pb.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

constexpr std::string_view kPatient = "Patient";
constexpr std::string_view kData = "/strata.data.v1.Data/";
constexpr std::string_view kHandle = "/strata.service.v1.DigitalService/Handle";

template <typename Message>
Message Parsed(strata_bytes bytes) {
  Message message;
  message.ParseFromArray(bytes.data, static_cast<int>(bytes.size));
  return message;
}

// A search by patient: FHIR R4 search.html#reference.
std::string OfParameter(std::string_view type, std::string_view name, std::string_view value) {
  const bool typed = name == "patient:Patient" || name == "subject:Patient";
  if (name == "patient" || typed) return std::string(PatientOfReference(value, /*plain=*/true));
  if (name == "subject") return std::string(PatientOfReference(value, /*plain=*/false));
  if (name != "_id" || type != kPatient || value.find(',') != std::string_view::npos) return {};
  return std::string(value);
}

template <typename Parameters>
std::string OfParameters(std::string_view type, const Parameters& parameters) {
  for (const auto& parameter : parameters) {
    std::string found = OfParameter(type, parameter.name(), parameter.value());
    if (!found.empty()) return found;
  }
  return {};
}

// Of a resource that is written.
std::string OfResource(std::string_view text) {
  if (text.empty() || text.front() != '{') return {};
  const auto document = json::Document::Parse(text);
  if (!document.ok()) return {};
  const json::Value root = document->root();
  if (root["resourceType"].string() == kPatient) return std::string(root["id"].string());
  for (const char* const element : {"subject", "patient"}) {
    const std::string_view reference = root[element]["reference"].string();
    const std::string_view found = PatientOfReference(reference, /*plain=*/false);
    if (!found.empty()) return std::string(found);
  }
  return {};
}

std::string OfInstance(const std::string& type, const std::string& id) {
  return type == kPatient ? id : std::string();
}

std::string OfSearch(const data::v1::SearchRequest& request) {
  if (request.compartment_type() == kPatient) return request.compartment_id();
  return OfParameters(request.type(), request.parameters());
}

template <typename Message>
std::string OfWrite(const Message& request) {
  std::string found = OfInstance(request.type(), request.id());
  return found.empty() ? OfParameters(request.type(), request.condition()) : found;
}

std::string OfData(std::string_view name, strata_bytes first) {
  using namespace data::v1;  // NOLINT(google-build-using-namespace): one request each.
  if (name == "Read") {
    const auto request = Parsed<ReadRequest>(first);
    return OfInstance(request.type(), request.id());
  }
  if (name == "History") {
    const auto request = Parsed<HistoryRequest>(first);
    return OfInstance(request.type(), request.id());
  }
  if (name == "Search" || name == "Explain") return OfSearch(Parsed<SearchRequest>(first));
  if (name == "Create") {
    const auto request = Parsed<CreateRequest>(first);
    std::string found = OfParameters(request.type(), request.if_none_exist());
    return found.empty() ? OfResource(request.json()) : found;
  }
  if (name == "Update") {
    const auto request = Parsed<UpdateRequest>(first);
    std::string found = OfWrite(request);
    return found.empty() ? OfResource(request.json()) : found;
  }
  if (name == "Patch") return OfWrite(Parsed<PatchRequest>(first));
  if (name == "Delete") return OfWrite(Parsed<DeleteRequest>(first));
  if (name == "Operate") {
    const auto request = Parsed<OperateRequest>(first);
    std::string found = OfInstance(request.type(), request.id());
    return found.empty() ? OfParameters(request.type(), request.parameters()) : found;
  }
  return {};
}

// The segment behind one of the names that patients have in paths.
std::string OfPath(std::string_view path, std::string* type) {
  bool next = false;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool operation = segment.starts_with('_') || segment.starts_with('$');
    if (next && !segment.empty() && !operation) {
      return web::PercentDecode(segment).value_or(std::string(segment));
    }
    next = segment == kPatient || segment == "record";
    if (!segment.empty() && !operation) *type = segment;
  }
  return {};
}

std::string OfQuery(std::string_view type, std::string_view query) {
  const auto parameters = web::ParseForm(query);
  if (!parameters.ok()) return {};
  for (const auto& [name, value] : *parameters) {
    std::string found = OfParameter(type, name, value);
    if (!found.empty()) return found;
  }
  return {};
}

std::string OfExchange(strata_bytes first) {
  const auto request = Parsed<service::v1::HandleRequest>(first);
  std::string type;
  std::string found = OfPath(request.head().path(), &type);
  if (found.empty()) found = OfQuery(type, request.head().query());
  return found.empty() ? OfResource(request.body()) : found;
}

class ByContract final : public host::PatientFinder {
 public:
  bool ReadsFirst(std::string_view full_method) const override {
    return full_method == kHandle || full_method == "/strata.data.v1.Data/Operate";
  }

  std::string Find(std::string_view full_method, strata_bytes first,
                   strata_bytes auth) const override {
    const auto caller = Parsed<common::v1::AuthContext>(auth);
    if (!caller.patient_id().empty()) return caller.patient_id();
    if (full_method == kHandle) return OfExchange(first);
    if (!full_method.starts_with(kData)) return {};
    return OfData(full_method.substr(kData.size()), first);
  }
};

}  // namespace

std::shared_ptr<const host::PatientFinder> MakePatientFinder() {
  return std::make_shared<ByContract>();
}

std::string_view PatientOfReference(std::string_view reference, bool plain) {
  if (reference.find(',') != std::string_view::npos) return {};  // Several: no one patient.
  const std::size_t history = reference.find("/_history/");
  reference = reference.substr(0, history);
  const std::size_t slash = reference.rfind('/');
  if (slash == std::string_view::npos) return plain ? reference : std::string_view();
  const std::string_view before = reference.substr(0, slash);
  const bool patient = before == kPatient || before.ends_with("/Patient");
  return patient ? reference.substr(slash + 1) : std::string_view();
}

}  // namespace strata::trial
