#include "core/move/resource_sums.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace strata::move {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest Sha256(std::string_view bytes) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

// Lengths first, so that no two values have the same text.
void AppendText(char kind, std::string_view text, std::string* out) {
  out->push_back(kind);
  out->append(std::to_string(text.size())).push_back(':');
  out->append(text);
}

bool Keep(std::string_view name, bool in_meta) {
  return !in_meta || (name != "versionId" && name != "lastUpdated");
}

// `depth` 0: the resource; `without`: meta's versionId and lastUpdated are left out there.
void AppendCanonical(json::Value value, int depth, bool without, bool in_meta, std::string* out) {
  switch (value.type()) {
    case json::Type::kString:
      return AppendText('s', value.string(), out);
    case json::Type::kArray:
      AppendText('a', std::to_string(value.size()), out);
      for (const json::Value element : value.elements()) {
        AppendCanonical(element, depth + 1, without, false, out);
      }
      return;
    case json::Type::kObject: {
      std::vector<std::pair<std::string_view, json::Value>> members;
      for (const json::Member& member : value.members()) {
        if (Keep(member.name, in_meta)) members.emplace_back(member.name, member.value);
      }
      std::sort(members.begin(), members.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [name, member] : members) {
        const bool meta = without && depth == 0 && name == "meta";
        std::string text;
        AppendCanonical(member, depth + 1, without, meta, &text);
        // A meta of which nothing is left is as good as none.
        if (meta && text == "o") continue;
        AppendText('m', name, out);
        out->append(text);
      }
      out->push_back('o');
      return;
    }
    default:
      return AppendText('v', value.raw(), out);
  }
}

}  // namespace

Result<ResourceSums::Hash> ResourceSums::HashOf(const data::v1::Resource& resource) {
  std::string text;
  AppendText('t', resource.type(), &text);
  AppendText('i', resource.id(), &text);
  if (versions_) {
    AppendText('n', resource.version_id(), &text);
    AppendText('u', std::to_string(resource.last_updated_us()), &text);
  }
  if (!resource.json().empty()) {
    STRATA_ASSIGN_OR_RETURN(const json::Value root, parser_.Parse(resource.json()));
    AppendCanonical(root, 0, !versions_, false, &text);
  }
  const Digest digest = Sha256(text);
  Hash out;
  std::memcpy(out.data(), digest.data(), sizeof(out));
  return out;
}

void ResourceSums::Remove(std::uint64_t key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Sum& sum = sums_[found->second.type];
  --sum.count;
  for (std::size_t i = 0; i < sum.sum.size(); ++i) sum.sum[i] -= found->second.hash[i];
  entries_.erase(found);
}

Status ResourceSums::Put(const data::v1::Resource& resource) {
  std::string name;
  AppendText('t', resource.type(), &name);
  AppendText('i', resource.id(), &name);
  if (versions_) AppendText('n', resource.version_id(), &name);
  std::uint64_t key = 0;
  std::memcpy(&key, Sha256(name).data(), sizeof(key));
  Remove(key);
  if (!versions_ && resource.change() == data::v1::CHANGE_DELETED) return OkStatus();
  STRATA_ASSIGN_OR_RETURN(const Hash hash, HashOf(resource));
  const auto number = static_cast<std::uint32_t>(types_.size());
  const std::uint32_t type = types_.try_emplace(resource.type(), number).first->second;
  if (type == sums_.size()) sums_.emplace_back();
  entries_[key] = {type, hash};
  ++sums_[type].count;
  for (std::size_t i = 0; i < hash.size(); ++i) sums_[type].sum[i] += hash[i];
  return OkStatus();
}

std::vector<std::string> ResourceSums::Differences(const ResourceSums& other) const {
  std::map<std::string, std::pair<Sum, Sum>> both;
  for (const auto& [type, number] : types_) both[type].first = sums_[number];
  for (const auto& [type, number] : other.types_) both[type].second = other.sums_[number];
  std::vector<std::string> out;
  for (const auto& [type, sums] : both) {
    if (sums.first == sums.second) continue;
    out.push_back(type + " (" + std::to_string(sums.first.count) + " and " +
                  std::to_string(sums.second.count) + ")");
  }
  return out;
}

std::string ResourceSums::ToString() const {
  Hash all{};
  for (const Sum& sum : sums_) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += sum.sum[i];
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = std::to_string(count()) + ":";
  for (const std::uint64_t lane : all) {
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back(kDigits[(lane >> shift) & 15]);
  }
  return out;
}

}  // namespace strata::move
