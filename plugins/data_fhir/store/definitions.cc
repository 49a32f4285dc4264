#include "plugins/data_fhir/store/definitions.h"

#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/store/definition_text.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/write_set.h"

namespace strata::fhir::store {
namespace {

using model::CustomParameter;

constexpr std::size_t kMaxDefinitions = 500;
constexpr std::uint64_t kMaxNumber = layout::kCompanion - 1;

std::string RowKey() { return layout::MetaKey("search-parameters"); }

// The row: {"next":3,"parameters":[..],"dropped":[32770]}. Stored: only ever add members.
std::string RowText(std::uint64_t next, const std::vector<const CustomParameter*>& parameters,
                    const std::vector<std::uint16_t>& dropped) {
  std::string text;
  json::Writer writer(&text);
  writer.BeginObject().Key("next").Int(static_cast<std::int64_t>(next));
  writer.Key("parameters").BeginArray();
  for (const CustomParameter* parameter : parameters) WriteDefinition(*parameter, &writer);
  writer.EndArray().Key("dropped").BeginArray();
  for (const std::uint16_t number : dropped) writer.Int(number);
  writer.EndArray().EndObject();
  return text;
}

// Changes being made to a set.
class Editing {
 public:
  explicit Editing(const DefinitionSet& set) : next_(set.next_number), dropped_(set.dropped) {
    for (const auto& parameter : set.custom.all()) parameters_.push_back(parameter.get());
  }

  bool changed() const { return changed_; }
  std::string Text() const { return RowText(next_, parameters_, dropped_); }

  Status Apply(const Write& write, std::uint64_t end_number) {
    std::unique_ptr<CustomParameter> wanted;
    if (!write.json.empty()) {
      STRATA_ASSIGN_OR_RETURN(const json::Document document, json::Document::Parse(write.json));
      STRATA_ASSIGN_OR_RETURN(wanted, ReadDefinition(document.root()));
    }
    const CustomParameter* const old = Find(write.key.id);
    if (wanted && old != nullptr && old->MeansTheSame(*wanted)) return {};
    if (old != nullptr) Drop(old);
    return wanted ? Add(std::move(wanted), write.key.id, end_number) : OkStatus();
  }

 private:
  const CustomParameter* Find(std::string_view id) const {
    for (const CustomParameter* parameter : parameters_) {
      if (parameter->id == id) return parameter;
    }
    return nullptr;
  }

  void Drop(const CustomParameter* parameter) {
    std::erase(parameters_, parameter);
    dropped_.push_back(parameter->definition.number);
    changed_ = true;
  }

  Status Add(std::unique_ptr<CustomParameter> parameter, std::string_view id,
             std::uint64_t end_number) {
    for (const CustomParameter* other : parameters_) {
      if (other->code == parameter->code && Overlap(*other, *parameter)) {
        return Fault(
            Code::kInvalidArgument, "duplicate",
            "SearchParameter/" + other->id + " defines this code for one of its types already",
            "SearchParameter.code");
      }
    }
    if (parameters_.size() >= kMaxDefinitions || next_ > kMaxNumber) {
      return Fault(Code::kResourceExhausted, "too-costly",
                   "a store defines at most 500 search parameters");
    }
    parameter->id = id;
    parameter->end_number = end_number;
    parameter->Bind(parameter->definition.type,
                    static_cast<std::uint16_t>(layout::kCustom | next_++));
    parameters_.push_back(parameter.get());
    added_.push_back(std::move(parameter));
    changed_ = true;
    return {};
  }

  static bool Overlap(const CustomParameter& a, const CustomParameter& b) {
    for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
      const std::string_view name = layout::TypeNameOf(static_cast<layout::TypeNumber>(type));
      if (a.AppliesTo(name) && b.AppliesTo(name)) return true;
    }
    return false;
  }

  std::uint64_t next_;
  std::vector<const CustomParameter*> parameters_;
  std::vector<std::unique_ptr<CustomParameter>> added_;
  std::vector<std::uint16_t> dropped_;
  bool changed_ = false;
};

}  // namespace

std::string ReindexKey(std::uint16_t number) {
  return layout::MetaKey("reindex-" + std::to_string(number));
}

Definitions::Definitions(const Hosting& hosting)
    : hosting_(hosting), set_(std::make_shared<const DefinitionSet>()) {}

std::shared_ptr<const DefinitionSet> Definitions::Snapshot() const {
  base::MutexLock lock(mutex_);
  return set_;
}

std::shared_ptr<model::IndexProgress> Definitions::ProgressOf(std::uint16_t number) const {
  base::MutexLock lock(mutex_);
  auto& progress = progress_[number];
  if (progress == nullptr) progress = std::make_shared<model::IndexProgress>();
  return progress;
}

Result<std::shared_ptr<const DefinitionSet>> Definitions::Refresh(const Context& cx) {
  STRATA_ASSIGN_OR_RETURN(const HostedRow row, hosting_.GetOne(cx, RowKey()));
  std::shared_ptr<const DefinitionSet> current = Snapshot();
  if (current->row_version == row.version) return current;
  STRATA_ASSIGN_OR_RETURN(std::shared_ptr<const DefinitionSet> latest, Parse(row));
  base::MutexLock lock(mutex_);
  if (set_->row_version < latest->row_version) set_ = latest;
  return latest;
}

Result<std::shared_ptr<DefinitionSet>> Definitions::Parse(const HostedRow& row) const {
  auto set = std::make_shared<DefinitionSet>();
  set->row_version = row.version;
  if (row.version == 0) return set;
  const Result<json::Document> document = json::Document::Parse(row.value);
  if (!document.ok()) return DataLoss("the store's search parameters cannot be read");
  const json::Value root = document->root();
  set->next_number = static_cast<std::uint64_t>(root["next"].int_value().value_or(1));
  std::vector<const CustomParameter*> parameters;
  for (const json::Value stored : root["parameters"].elements()) {
    STRATA_ASSIGN_OR_RETURN(auto parameter, ParseDefinition(stored));
    parameter->progress = ProgressOf(parameter->definition.number);
    parameters.push_back(parameter.get());
    set->custom.Add(std::move(parameter));
  }
  for (const json::Value number : root["dropped"].elements()) {
    set->dropped.push_back(static_cast<std::uint16_t>(number.int_value().value_or(0)));
  }
  if (!parameters.empty()) {
    set->own_extractor = std::make_unique<const index::Extractor>(std::move(parameters));
  }
  return set;
}

Status Definitions::Change(const Context& cx, const DefinitionSet& set,
                           std::span<const Write> writes, RowChanges* changes) const {
  static const layout::TypeNumber kType = layout::TypeNumberOf("SearchParameter");
  changes->RequireUnchanged(RowKey(), set.row_version);
  Editing editing(set);
  std::uint64_t end_number = 0;
  for (const Write& write : writes) {
    if (write.key.type != kType) continue;
    if (end_number == 0) {
      // Whoever takes numbers later writes with the new definitions.
      STRATA_ASSIGN_OR_RETURN(const HostedRow next,
                              hosting_.GetOne(cx, layout::MetaKey("next-number")));
      end_number = next.version == 0 ? 1 : layout::ReadBigEndian(next.value, next.value.size());
    }
    STRATA_RETURN_IF_ERROR(editing.Apply(write, end_number));
  }
  if (editing.changed()) changes->Put(RowKey(), editing.Text());
  return {};
}

void Definitions::Complete(const DefinitionSet& set, std::uint16_t number, RowChanges* changes) {
  std::vector<const CustomParameter*> parameters;
  std::vector<std::unique_ptr<CustomParameter>> copies;
  for (const auto& parameter : set.custom.all()) {
    parameters.push_back(parameter.get());
    if (parameter->definition.number != number) continue;
    auto copy = std::make_unique<CustomParameter>();
    copy->id = parameter->id;
    copy->active = true;
    copy->code = parameter->code;
    copy->bases = parameter->bases;
    copy->url = parameter->url;
    copy->expression = parameter->expression;
    copy->targets = parameter->targets;
    copy->components = parameter->components;
    copy->end_number = parameter->end_number;
    copy->Bind(parameter->definition.type, number);
    parameters.back() = copy.get();
    copies.push_back(std::move(copy));
  }
  std::vector<std::uint16_t> dropped = set.dropped;
  std::erase(dropped, number);
  changes->RequireUnchanged(RowKey(), set.row_version);
  changes->Put(RowKey(), RowText(set.next_number, parameters, dropped));
  changes->Erase(ReindexKey(number));
}

}  // namespace strata::fhir::store
