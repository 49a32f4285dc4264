#include "plugins/data_fhir/search/stored_source.h"

#include <utility>

#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {
namespace {

using terminology::Canonical;

// Versions of one canonical URL that are looked at.
constexpr std::uint64_t kMaxVersions = 256;

// The resources whose `url` is that.
Result<Numbers> NumbersByUrl(layout::View& view, std::string_view type, std::string_view url) {
  std::string value;
  index::AppendUri(url, &value);
  const std::string begin =
      layout::IndexPrefix(layout::TypeNumberOf(type), layout::ParameterNumberOf("url"), value);
  Numbers numbers;
  RangeReader reader(begin, layout::PrefixEnd(begin));
  STRATA_RETURN_IF_ERROR(reader.Read(view, kMaxVersions, [&](std::string_view found, auto members) {
    if (found == value) numbers.insert(numbers.end(), members.begin(), members.end());
    return true;
  }));
  return numbers;
}

// Whether `a` is to be taken rather than `b`.
bool IsBetter(json::Value a, json::Value b) {
  const auto rank = [](json::Value resource) {
    const std::string_view status = resource["status"].string();
    return status == "active" ? 2 : status == "draft" ? 1 : 0;
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return !terminology::IsOlderVersion(a["version"].string(), b["version"].string());
}

}  // namespace

std::string_view WithoutBase(std::string_view text, std::string_view base_url) {
  if (base_url.empty() || !text.starts_with(base_url)) return text;
  std::string_view rest = text.substr(base_url.size());
  if (!base_url.ends_with('/')) {
    if (!rest.starts_with('/')) return text;
    rest.remove_prefix(1);
  }
  return rest;
}

Result<std::optional<layout::ResourceNumber>> NumberByCanonical(layout::View& view,
                                                                std::string_view type,
                                                                std::string_view canonical) {
  const Canonical named = terminology::ParseCanonical(canonical);
  STRATA_ASSIGN_OR_RETURN(const Numbers numbers, NumbersByUrl(view, type, named.url));
  std::optional<json::Document> best;
  std::optional<layout::ResourceNumber> found;
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr || resource.json.empty()) return {};
    STRATA_ASSIGN_OR_RETURN(json::Document document, json::Document::Parse(resource.json));
    const json::Value root = document.root();
    // A very long URL's index value may stand for another one.
    if (root["url"].string() != named.url) return {};
    if (!named.version.empty() && root["version"].string() != named.version) return {};
    if (best && !IsBetter(root, best->root())) return {};
    best = std::move(document);
    found = resource.n;
    return {};
  };
  STRATA_RETURN_IF_ERROR(view.ReadResources(numbers, /*with_json=*/true, each));
  return found;
}

Result<std::optional<json::Document>> StoredSource::Kept(
    Result<std::optional<json::Document>> result) {
  if (!result.ok()) failure_ = result.status();
  return result;
}

Result<std::optional<json::Document>> StoredSource::Read(const Numbers& numbers) {
  std::optional<json::Document> found;
  STRATA_RETURN_IF_ERROR(
      view_.ReadResources(numbers, /*with_json=*/true,
                          [&](std::size_t, const layout::StoredResource& resource) -> Status {
                            if (resource.header == nullptr || resource.json.empty()) return {};
                            STRATA_ASSIGN_OR_RETURN(found, json::Document::Parse(resource.json));
                            return {};
                          }));
  return found;
}

Result<std::optional<json::Document>> StoredSource::Find(std::string_view type,
                                                         std::string_view canonical) {
  const std::string_view relative = WithoutBase(canonical, base_url_);
  const auto reference = index::ParseReference(relative);
  if (reference && !reference->absolute && reference->type == type) {
    return ById(type, reference->id);
  }
  const auto number = NumberByCanonical(view_, type, canonical);
  if (!number.ok()) return Kept(number.status());
  return *number ? Kept(Read({**number})) : std::optional<json::Document>();
}

Result<std::optional<json::Document>> StoredSource::ById(std::string_view type,
                                                         std::string_view id) {
  const auto numbers = NumbersOf(view_, {ResourceName{std::string(type), std::string(id)}});
  return numbers.ok() ? Kept(Read(*numbers)) : Kept(numbers.status());
}

}  // namespace strata::fhir::search
