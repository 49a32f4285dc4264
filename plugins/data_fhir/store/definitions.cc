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

// The row: {"next":3,"parameters":[..],"dropped":[32770]}, and in a store that began in an earlier
// format {..,"format":4,"began":2,"wholeSince":1234}. Stored: only ever add members.
std::string RowText(const DefinitionSet& of, std::uint64_t next,
                    const std::vector<const CustomParameter*>& parameters,
                    const std::vector<std::uint16_t>& dropped) {
  std::string text;
  json::Writer writer(&text);
  writer.BeginObject().Key("next").Int(static_cast<std::int64_t>(next));
  writer.Key("parameters").BeginArray();
  for (const CustomParameter* parameter : parameters) WriteDefinition(*parameter, &writer);
  writer.EndArray().Key("dropped").BeginArray();
  for (const std::uint16_t number : dropped) writer.Int(number);
  writer.EndArray();
  if (of.began != of.format) {
    writer.Key("format").Int(of.format).Key("began").Int(of.began);
    if (of.whole_since) {
      writer.Key("wholeSince").Int(static_cast<std::int64_t>(*of.whole_since));
    }
  }
  writer.EndObject();
  return text;
}

std::vector<const CustomParameter*> ParametersOf(const DefinitionSet& set) {
  std::vector<const CustomParameter*> out;
  for (const auto& parameter : set.custom.all()) out.push_back(parameter.get());
  return out;
}

// The extractor that differs from the standard's, if it does.
void FinishSet(DefinitionSet* set) {
  if (set->custom.all().empty() && set->began == kFormat) return;
  const index::Extractor::Extras extras{.id_order = set->format > kFormatWithoutIdOrder,
                                        .derived = set->format > kFormatWithoutDerived,
                                        .covered = set->began <= kFormatWithoutDerived};
  set->own_extractor = std::make_unique<const index::Extractor>(ParametersOf(*set), extras);
}

// That of a store without the row.
std::shared_ptr<const DefinitionSet> SetWithoutRow(std::uint32_t format) {
  auto set = std::make_shared<DefinitionSet>();
  set->format = set->began = format;
  FinishSet(set.get());
  return set;
}

// Changes being made to a set.
class Editing {
 public:
  explicit Editing(const DefinitionSet& set)
      : set_(set), next_(set.next_number), parameters_(ParametersOf(set)), dropped_(set.dropped) {}

  bool changed() const { return changed_; }
  std::string Text() const { return RowText(set_, next_, parameters_, dropped_); }

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

  const DefinitionSet& set_;
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
    : hosting_(hosting), set_(SetWithoutRow(kFormat)) {}

void Definitions::Open(std::uint32_t format) {
  base::MutexLock lock(mutex_);
  opened_ = format;
  set_ = SetWithoutRow(format);
}

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
  std::shared_ptr<const DefinitionSet> current;
  std::uint32_t opened = 0;
  {
    base::MutexLock lock(mutex_);
    current = set_;
    opened = opened_;
  }
  if (current->row_version == row.version) return current;
  if (row.version == 0) return SetWithoutRow(opened);
  STRATA_ASSIGN_OR_RETURN(std::shared_ptr<const DefinitionSet> latest, Parse(row, opened));
  base::MutexLock lock(mutex_);
  if (set_->row_version < latest->row_version) set_ = latest;
  return latest;
}

Result<std::shared_ptr<DefinitionSet>> Definitions::Parse(const HostedRow& row,
                                                          std::uint32_t opened) const {
  auto set = std::make_shared<DefinitionSet>();
  set->row_version = row.version;
  set->custom = model::CustomParameters(row.version);
  const Result<json::Document> document = json::Document::Parse(row.value);
  if (!document.ok()) return DataLoss("the store's search parameters cannot be read");
  const json::Value root = document->root();
  set->next_number = static_cast<std::uint64_t>(root["next"].int_value().value_or(1));
  for (const json::Value stored : root["parameters"].elements()) {
    STRATA_ASSIGN_OR_RETURN(auto parameter, ParseDefinition(stored));
    parameter->progress = ProgressOf(parameter->definition.number);
    set->custom.Add(std::move(parameter));
  }
  for (const json::Value number : root["dropped"].elements()) {
    set->dropped.push_back(static_cast<std::uint16_t>(number.int_value().value_or(0)));
  }
  set->format = static_cast<std::uint32_t>(root["format"].int_value().value_or(opened));
  set->began = static_cast<std::uint32_t>(root["began"].int_value().value_or(opened));
  if (set->began != set->format) {
    set->whole_since.reset();
    const std::optional<std::int64_t> since = root["wholeSince"].int_value();
    if (since) set->whole_since = static_cast<std::uint64_t>(*since);
  }
  FinishSet(set.get());
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
  std::vector<const CustomParameter*> parameters = ParametersOf(set);
  std::vector<std::unique_ptr<CustomParameter>> copies;
  for (const CustomParameter*& parameter : parameters) {
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
    parameter = copy.get();
    copies.push_back(std::move(copy));
  }
  std::vector<std::uint16_t> dropped = set.dropped;
  std::erase(dropped, number);
  changes->RequireUnchanged(RowKey(), set.row_version);
  changes->Put(RowKey(), RowText(set, set.next_number, parameters, dropped));
  changes->Erase(ReindexKey(number));
}

void Definitions::Upgrade(const DefinitionSet& set, std::optional<std::uint64_t> whole_since,
                          RowChanges* changes) {
  DefinitionSet upgraded;
  upgraded.began = set.began;
  upgraded.whole_since = whole_since;
  changes->RequireUnchanged(RowKey(), set.row_version);
  changes->Put(RowKey(), RowText(upgraded, set.next_number, ParametersOf(set), set.dropped));
}

}  // namespace strata::fhir::store
