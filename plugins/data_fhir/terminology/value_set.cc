#include "plugins/data_fhir/terminology/value_set.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/terminology/code_system.h"

namespace strata::fhir::terminology {
namespace {

constexpr std::string_view kImplicit = "?fhir_vs";

Status TooLarge() {
  return ResourceExhausted("the ValueSet has more than " + std::to_string(kMaxCodes) + " codes");
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// nullopt: it is not stored.
Result<std::optional<CodeSystem>> LoadCodeSystem(Source& source, std::string_view system,
                                                 std::string_view version) {
  std::string canonical(system);
  if (!version.empty()) canonical.append("|").append(version);
  STRATA_ASSIGN_OR_RETURN(auto document, source.Find("CodeSystem", canonical));
  if (!document) return std::optional<CodeSystem>();
  return std::optional<CodeSystem>(CodeSystem(*std::move(document)));
}

Result<CodeSystem> NeedCodeSystem(Source& source, std::string_view system,
                                  std::string_view version) {
  STRATA_ASSIGN_OR_RETURN(auto loaded, LoadCodeSystem(source, system, version));
  if (!loaded) return NotFound("CodeSystem " + Quoted(system) + " is not stored here");
  if (!loaded->is_complete()) {
    return FailedPrecondition("CodeSystem " + Quoted(system) +
                              " is stored without all its concepts");
  }
  return *std::move(loaded);
}

Status AddAll(std::string_view system, const CodeSystem::Codes& codes, CodeSet* set) {
  if (codes.size() > kMaxCodes) return TooLarge();
  for (const std::string_view code : codes) set->Add(system, code);
  return {};
}

class Expander {
 public:
  explicit Expander(Source& source) : source_(source) {}

  Result<CodeSet> Expand(std::string_view canonical) {
    if (const std::size_t at = canonical.find(kImplicit); at != std::string_view::npos) {
      return Implicit(canonical.substr(0, at), canonical.substr(at + kImplicit.size()));
    }
    const std::string name(canonical);
    if (std::find(open_.begin(), open_.end(), name) != open_.end()) {
      return FailedPrecondition("ValueSets import each other: " + Quoted(name));
    }
    if (open_.size() >= static_cast<std::size_t>(kMaxImports)) {
      return ResourceExhausted("ValueSets import each other too deep");
    }
    STRATA_ASSIGN_OR_RETURN(const auto document, source_.Find("ValueSet", canonical));
    if (!document) return NotFound("ValueSet " + Quoted(name) + " is not stored here");
    open_.push_back(name);
    Result<CodeSet> set = OfResource(document->root());
    open_.pop_back();
    if (set.ok() && set->size() > kMaxCodes) return TooLarge();
    return set;
  }

 private:
  Result<CodeSet> Implicit(std::string_view system, std::string_view what) {
    constexpr std::string_view kIsA = "=isa/";
    if (what.starts_with(kIsA)) {
      return Subsumed(source_, system, what.substr(kIsA.size()), /*below=*/true);
    }
    if (!what.empty()) {
      return Unimplemented("of implicit ValueSets, ?fhir_vs and ?fhir_vs=isa/CODE are known");
    }
    CodeSet set;
    STRATA_RETURN_IF_ERROR(AddSystem(system, {}, &set));
    return set;
  }

  Result<CodeSet> OfResource(json::Value root) {
    const json::Value expansion = root["expansion"];
    CodeSet set;
    if (expansion["contains"]) {
      std::size_t entries = 0;
      CodeSet expanded;
      AddContained(expansion["contains"], &expanded, &entries);
      if (entries > kMaxCodes) return TooLarge();
      const bool whole =
          expansion["offset"].int_value().value_or(0) == 0 &&
          expansion["total"].int_value().value_or(0) <= static_cast<std::int64_t>(entries);
      if (whole) return expanded;
    }
    const json::Value compose = root["compose"];
    if (!compose["include"]) {
      return FailedPrecondition("ValueSet " + Quoted(open_.back()) +
                                " has no definition and no complete expansion");
    }
    drop_inactive_ = compose["inactive"].raw() == "false";
    for (const json::Value include : compose["include"].elements()) {
      STRATA_ASSIGN_OR_RETURN(const CodeSet part, OfInclude(include));
      set.Unite(part);
      if (set.size() > kMaxCodes) return TooLarge();
    }
    for (const json::Value exclude : compose["exclude"].elements()) {
      STRATA_ASSIGN_OR_RETURN(const CodeSet part, OfInclude(exclude));
      set.Subtract(part);
    }
    return set;
  }

  static void AddContained(json::Value contains, CodeSet* set, std::size_t* entries) {
    for (const json::Value each : contains.elements()) {
      ++*entries;
      const std::string_view code = each["code"].string();
      if (!code.empty() && !each["abstract"].bool_value()) set->Add(each["system"].string(), code);
      AddContained(each["contains"], set, entries);
    }
  }

  // All that an include asks for must hold: system with concepts or filters, and each ValueSet.
  Result<CodeSet> OfInclude(json::Value include) {
    std::optional<CodeSet> set;
    const std::string_view system = include["system"].string();
    if (!system.empty()) {
      set.emplace();
      STRATA_RETURN_IF_ERROR(OfSystem(include, system, &*set));
    }
    for (const json::Value imported : include["valueSet"].elements()) {
      const bool dropped = drop_inactive_;
      STRATA_ASSIGN_OR_RETURN(CodeSet part, Expand(imported.string()));
      drop_inactive_ = dropped;
      if (set) {
        set->Intersect(part);
      } else {
        set = std::move(part);
      }
    }
    if (!set) return InvalidArgument("an include names neither a system nor a ValueSet");
    return *std::move(set);
  }

  Status OfSystem(json::Value include, std::string_view system, CodeSet* set) {
    const std::string_view version = include["version"].string();
    if (include["concept"].size() > 0) {
      if (include["concept"].size() > kMaxCodes) return TooLarge();
      for (const json::Value each : include["concept"].elements()) {
        set->Add(system, each["code"].string());
      }
      return {};
    }
    if (include["filter"].size() == 0) return AddSystem(system, version, set);
    STRATA_ASSIGN_OR_RETURN(const CodeSystem loaded, NeedCodeSystem(source_, system, version));
    bool first = true;
    for (const json::Value filter : include["filter"].elements()) {
      STRATA_ASSIGN_OR_RETURN(const CodeSystem::Codes codes,
                              loaded.Filter(filter["property"].string(), filter["op"].string(),
                                            filter["value"].string()));
      CodeSet part;
      STRATA_RETURN_IF_ERROR(AddAll(system, Active(loaded, codes), &part));
      if (!std::exchange(first, false)) part.Intersect(*set);
      *set = std::move(part);
    }
    return {};
  }

  Status AddSystem(std::string_view system, std::string_view version, CodeSet* set) {
    STRATA_ASSIGN_OR_RETURN(const auto loaded, LoadCodeSystem(source_, system, version));
    if (!loaded || !loaded->is_complete()) {
      set->AddSystem(system);
      return {};
    }
    const CodeSystem::Codes codes = Active(*loaded, loaded->All());
    if (codes.size() <= kMaxCodes) return AddAll(system, codes, set);
    set->AddSystem(system);
    return {};
  }

  CodeSystem::Codes Active(const CodeSystem& system, CodeSystem::Codes codes) const {
    if (drop_inactive_) {
      std::erase_if(codes, [&](std::string_view code) { return system.IsInactive(code); });
    }
    return codes;
  }

  Source& source_;
  std::vector<std::string> open_;  // ValueSets that are being expanded.
  bool drop_inactive_ = false;
};

}  // namespace

Result<CodeSet> Expand(Source& source, std::string_view canonical) {
  return Expander(source).Expand(canonical);
}

Result<CodeSet> Subsumed(Source& source, std::string_view system, std::string_view code,
                         bool below) {
  const Canonical named = ParseCanonical(system);
  STRATA_ASSIGN_OR_RETURN(const CodeSystem loaded,
                          NeedCodeSystem(source, named.url, named.version));
  if (!loaded.is_taxonomy()) {
    return FailedPrecondition("what lies below a code of " + Quoted(named.url) +
                              " is no kind of it (hierarchyMeaning)");
  }
  CodeSet set;
  STRATA_RETURN_IF_ERROR(AddAll(named.url, below ? loaded.Below(code) : loaded.Above(code), &set));
  return set;
}

}  // namespace strata::fhir::terminology
