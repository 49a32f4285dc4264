#include "plugins/data_fhir/terminology/code_system.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace strata::fhir::terminology {
namespace {

constexpr int kMaxDepth = 32;  // Deeper than JSON texts nest.

bool IsListed(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const std::string_view head = list.substr(0, list.find(','));
    if (head == item) return true;
    list.remove_prefix(std::min(head.size() + 1, list.size()));
  }
  return false;
}

// The value[x] of a concept's property as text.
std::string_view TextOf(json::Value property) {
  for (const json::Member& member : property.members()) {
    if (!member.name.starts_with("value")) continue;
    if (member.value.is_object()) return member.value["code"].string();
    if (member.value.is_string()) return member.value.string();
    return member.value.raw();
  }
  return {};
}

// Calls back for each value that a concept has for a property; the concept's own elements count.
template <typename Visit>
void ForEachValue(json::Value concept_value, std::string_view property, const Visit& visit) {
  if (property == "code" || property == "concept" || property == "display" ||
      property == "definition") {
    const json::Value own = concept_value[property == "concept" ? "code" : property];
    if (own) visit(own.string());
    return;
  }
  for (const json::Value each : concept_value["property"].elements()) {
    if (each["code"].string() == property) visit(TextOf(each));
  }
}

bool HasValue(json::Value concept_value, std::string_view property, std::string_view value) {
  bool found = false;
  ForEachValue(concept_value, property,
               [&](std::string_view text) { found = found || text == value; });
  return found;
}

}  // namespace

CodeSystem::CodeSystem(json::Document document)
    : document_(std::move(document)), root_(document_.root()) {
  AddConcepts(root_["concept"], std::nullopt, 0);
  LinkByProperties();
}

bool CodeSystem::is_taxonomy() const {
  const std::string_view meaning = root_["hierarchyMeaning"].string();
  return meaning.empty() || meaning == "is-a";
}

void CodeSystem::AddConcepts(json::Value list, std::optional<std::size_t> parent, int depth) {
  if (depth > kMaxDepth) return;
  for (const json::Value each : list.elements()) {
    const std::size_t index = concepts_.size();
    Concept& added = concepts_.emplace_back();
    added.value = each;
    added.code = each["code"].string();
    by_code_.emplace(added.code, index);
    if (parent) Link(*parent, index);
    AddConcepts(each["concept"], index, depth + 1);
  }
}

void CodeSystem::LinkByProperties() {
  for (std::size_t i = 0; i < concepts_.size(); ++i) {
    for (const json::Value property : concepts_[i].value["property"].elements()) {
      const std::string_view name = property["code"].string();
      const bool up = name == "parent" || name == "subsumedBy";
      if (!up && name != "child") continue;
      const std::optional<std::size_t> other = Find(TextOf(property));
      if (other) Link(up ? *other : i, up ? i : *other);
    }
  }
}

void CodeSystem::Link(std::size_t parent, std::size_t child) {
  concepts_[parent].children.push_back(child);
  concepts_[child].parents.push_back(parent);
}

std::optional<std::size_t> CodeSystem::Find(std::string_view code) const {
  const auto found = by_code_.find(code);
  return found == by_code_.end() ? std::nullopt : std::optional(found->second);
}

// Which concepts can be reached, the first included; a hierarchy that loops is walked once.
std::vector<char> CodeSystem::Reach(std::string_view code, bool down) const {
  std::vector<char> reached(concepts_.size(), 0);
  std::vector<std::size_t> waiting;
  if (const auto start = Find(code)) waiting.push_back(*start);
  while (!waiting.empty()) {
    const std::size_t at = waiting.back();
    waiting.pop_back();
    if (std::exchange(reached[at], 1) != 0) continue;
    const auto& next = down ? concepts_[at].children : concepts_[at].parents;
    waiting.insert(waiting.end(), next.begin(), next.end());
  }
  return reached;
}

CodeSystem::Codes CodeSystem::CodesOf(const std::vector<char>& chosen) const {
  Codes codes;
  for (std::size_t i = 0; i < concepts_.size(); ++i) {
    if (chosen[i] != 0) codes.push_back(concepts_[i].code);
  }
  return codes;
}

template <typename Keep>
CodeSystem::Codes CodeSystem::Choose(const Keep& keep) const {
  Codes codes;
  for (const Concept& each : concepts_) {
    if (keep(each)) codes.push_back(each.code);
  }
  return codes;
}

CodeSystem::Codes CodeSystem::All() const {
  return Choose([](const Concept&) { return true; });
}

CodeSystem::Codes CodeSystem::Below(std::string_view code) const {
  return Find(code) ? CodesOf(Reach(code, /*down=*/true)) : Codes{code};
}

CodeSystem::Codes CodeSystem::Above(std::string_view code) const {
  return Find(code) ? CodesOf(Reach(code, /*down=*/false)) : Codes{code};
}

Result<CodeSystem::Codes> CodeSystem::FilterByHierarchy(std::string_view op,
                                                        std::string_view value) const {
  if (!is_taxonomy()) {
    return FailedPrecondition("what lies below a code of " + std::string(url()) +
                              " is no kind of it (hierarchyMeaning)");
  }
  std::vector<char> reached = Reach(value, /*down=*/op != "generalizes");
  if (op == "is-not-a") {
    for (char& each : reached) each = each == 0 ? 1 : 0;
  }
  if (const auto self = Find(value); self && op == "descendent-of") reached[*self] = 0;
  return CodesOf(reached);
}

Result<CodeSystem::Codes> CodeSystem::Filter(std::string_view property, std::string_view op,
                                             std::string_view value) const {
  if (op == "is-a" || op == "descendent-of" || op == "is-not-a" || op == "generalizes") {
    return FilterByHierarchy(op, value);
  }
  const auto any_value = [&](const Concept& each, const auto& test) {
    bool found = false;
    ForEachValue(each.value, property, [&](std::string_view text) { found = found || test(text); });
    return found;
  };
  if (op == "=" && property == "parent") {
    const auto parent = Find(value);
    return Choose([&](const Concept& each) {
      return parent &&
             std::find(each.parents.begin(), each.parents.end(), *parent) != each.parents.end();
    });
  }
  if (op == "=") {
    return Choose([&](const Concept& each) { return HasValue(each.value, property, value); });
  }
  if (op == "in" || op == "not-in") {
    return Choose([&](const Concept& each) {
      const bool listed =
          any_value(each, [&](std::string_view text) { return IsListed(value, text); });
      return listed == (op == "in");
    });
  }
  if (op == "exists") {
    return Choose([&](const Concept& each) {
      return any_value(each, [](std::string_view) { return true; }) == (value == "true");
    });
  }
  if (op == "regex") {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    const RE2 regex(re2::StringPiece(value.data(), value.size()), options);
    if (!regex.ok()) return InvalidArgument("a filter's regular expression is broken");
    return Choose([&](const Concept& each) {
      return any_value(each, [&](std::string_view text) {
        return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
      });
    });
  }
  return Unimplemented("there is no filter operator '" + std::string(op) + "'");
}

bool CodeSystem::IsInactive(std::string_view code) const {
  const auto found = Find(code);
  if (!found) return false;
  const json::Value value = concepts_[*found].value;
  return HasValue(value, "inactive", "true") || HasValue(value, "status", "retired") ||
         HasValue(value, "status", "inactive");
}

}  // namespace strata::fhir::terminology
