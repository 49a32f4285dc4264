#include "plugins/data_fhir/bundle/reference_rewriter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/json_writer.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

bool IsAbsolute(std::string_view link) {
  return link.starts_with("http://") || link.starts_with("https://");
}

bool IsUrn(std::string_view link) {
  return link.starts_with("urn:uuid:") || link.starts_with("urn:oid:");
}

// "http://host/fhir/" of "http://host/fhir/Patient/1"; empty when it does not end like a resource's
// URL.
std::string_view BaseOf(std::string_view full_url) {
  const std::size_t id = full_url.rfind('/');
  if (!IsAbsolute(full_url) || id == std::string_view::npos) return {};
  const std::size_t type = full_url.rfind('/', id - 1);
  if (type == std::string_view::npos) return {};
  if (layout::TypeNumberOf(full_url.substr(type + 1, id - type - 1)) == 0) return {};
  return full_url.substr(0, type + 1);
}

// "Patient?identifier=x"; also with a type that does not exist, which is an error and no reference.
bool IsConditional(std::string_view link) {
  const std::string_view type = link.substr(0, link.find('?'));
  if (type.empty() || type.size() == link.size()) return false;
  return std::all_of(type.begin(), type.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

// Walks a resource and keeps the way to where it is, to be able to say of what type an element is.
class Walker {
 public:
  using Visitor = std::function<Status(std::string_view name, json::Value value)>;
  explicit Walker(const Visitor& visit) : visit_(visit) {}

  Status Walk(json::Value object) {
    for (const json::Member& member : object.members()) {
      path_.push_back({object, member.name});
      STRATA_RETURN_IF_ERROR(Each(member.name, member.value));
      path_.pop_back();
    }
    return {};
  }

  // Of the element being visited; nullptr when the standard knows none there.
  const model::Type* TypeHere() const {
    const model::Type* type = nullptr;
    for (const auto& [object, name] : path_) {
      if (const json::Value resource = object["resourceType"]) {
        type = model::R4().FindResource(resource.string());
      }
      if (type == nullptr) return nullptr;
      const auto member = type->FindJson(name);
      if (!member) return nullptr;
      type = member->type;
    }
    return type;
  }

 private:
  Status Each(std::string_view name, json::Value value) {
    if (value.is_object()) return Walk(value);
    if (value.is_string()) return visit_(name, value);
    for (const json::Value element : value.elements()) {
      STRATA_RETURN_IF_ERROR(Each(name, element));
    }
    return {};
  }

  const Visitor& visit_;
  std::vector<std::pair<json::Value, std::string_view>> path_;
};

bool IsLinkType(const model::Type* type) {
  constexpr auto kLinkTypes = std::to_array<std::string_view>({"uri", "url", "oid", "uuid"});
  if (type == nullptr) return false;
  for (const std::string_view name : kLinkTypes) {
    if (type->name() == name) return true;
  }
  return false;
}

class LinkRewriter {
 public:
  LinkRewriter(json::Value resource, std::string_view from, const Targets& targets,
               const ResolveCondition& resolve)
      : resource_(resource), from_(from), targets_(targets), resolve_(resolve) {}

  Result<std::vector<store::Splice>> Run() {
    const Walker::Visitor visit = [this](std::string_view name, json::Value value) {
      return Visit(name, value);
    };
    Walker walker(visit);
    walker_ = &walker;
    STRATA_RETURN_IF_ERROR(walker.Walk(resource_));
    return std::move(splices_);
  }

 private:
  Status Visit(std::string_view name, json::Value value) {
    if (name == "reference") return Reference(value);
    if (targets_.empty()) return {};
    if (name == "div") {
      Narrative(value);
      return {};
    }
    const std::string_view link = value.string();
    if (!IsUrn(link) && !IsAbsolute(link)) return {};
    const auto target = targets_.Find(link, from_);
    if (target && IsLinkType(walker_->TypeHere())) Replace(value, *target);
    return {};
  }

  Status Reference(json::Value value) {
    const std::string_view link = value.string();
    if (const auto target = targets_.Find(link, from_)) {
      Replace(value, *target);
    } else if (IsConditional(link)) {
      STRATA_ASSIGN_OR_RETURN(const std::string resolved, resolve_(link));
      Replace(value, resolved);
    }
    return {};
  }

  void Replace(json::Value value, std::string_view target) {
    splices_.push_back({value.begin_offset(), value.end_offset(), json::Quoted(target)});
  }

  // href="..." and src="..." as they stand in the JSON text: the quotes are \" or '.
  void Narrative(json::Value value) {
    const std::string_view raw = value.raw();
    std::string out;
    std::size_t copied = 0;
    for (std::size_t at = raw.find('='); at != std::string_view::npos; at = raw.find('=', at + 1)) {
      const std::string_view before = raw.substr(0, at);
      if (!before.ends_with("href") && !before.ends_with("src")) continue;
      const std::string_view rest = raw.substr(at + 1);
      const std::string_view quote = rest.starts_with("\\\"") ? "\\\"" : "'";
      if (!rest.starts_with(quote)) continue;
      const std::size_t begin = at + 1 + quote.size();
      const std::size_t end = raw.find(quote, begin);
      if (end == std::string_view::npos) continue;
      const auto target = targets_.Find(raw.substr(begin, end - begin), from_);
      if (!target) continue;
      out.append(raw.substr(copied, begin - copied)).append(*target);
      copied = end;
    }
    if (copied == 0) return;
    out.append(raw.substr(copied));
    splices_.push_back({value.begin_offset(), value.end_offset(), std::move(out)});
  }

  const json::Value resource_;
  const std::string_view from_;
  const Targets& targets_;
  const ResolveCondition& resolve_;
  Walker* walker_ = nullptr;
  std::vector<store::Splice> splices_;
};

}  // namespace

void Targets::Add(std::string_view full_url, LinkTarget target) {
  if (full_url.empty()) return;
  has_absolute_ = has_absolute_ || IsAbsolute(full_url);
  by_url_.insert_or_assign(std::string(full_url), std::move(target));
}

std::optional<std::string> Targets::Find(std::string_view link, std::string_view from) const {
  constexpr std::string_view kHistory = "/_history/";
  if (by_url_.empty() || link.empty() || link.front() == '#') return std::nullopt;
  const std::size_t history = link.find(kHistory);
  const LinkTarget* const target = FindUrl(link.substr(0, history), from);
  if (target == nullptr) return std::nullopt;
  if (history == std::string_view::npos) return target->reference;
  const bool is_meant = link.substr(history + kHistory.size()) == target->client_version;
  if (!is_meant || target->new_version == 0) return std::nullopt;
  return target->reference + std::string(kHistory) + std::to_string(target->new_version);
}

const LinkTarget* Targets::FindUrl(std::string_view link, std::string_view from) const {
  const auto found = by_url_.find(std::string(link));
  if (found != by_url_.end()) return &found->second;
  if (!has_absolute_ || IsUrn(link) || IsAbsolute(link)) return nullptr;
  const std::string_view base = BaseOf(from);
  if (base.empty()) return nullptr;
  const auto relative = by_url_.find(std::string(base).append(link));
  return relative == by_url_.end() ? nullptr : &relative->second;
}

Result<std::vector<store::Splice>> RewriteLinks(json::Value resource, std::string_view from,
                                                const Targets& targets,
                                                const ResolveCondition& resolve) {
  return LinkRewriter(resource, from, targets, resolve).Run();
}

}  // namespace strata::fhir::bundle
