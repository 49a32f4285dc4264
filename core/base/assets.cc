#include "core/base/assets.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/gzip.h"

namespace strata::web {
namespace {

// By the end of the name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTypes = {
    {{".css", "text/css; charset=utf-8"},
     {".js", "text/javascript; charset=utf-8"},
     {".svg", "image/svg+xml"}}};

std::string_view TypeOf(std::string_view name) {
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return {};
}

// FNV-1a, for names of versions only.
std::string Digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  char out[17];
  std::snprintf(out, sizeof(out), "%016llx", static_cast<unsigned long long>(hash));
  return out;
}

}  // namespace

Result<Assets> Assets::Load(std::string_view package_dir, std::span<const std::string_view> names) {
  Assets out;
  for (const std::string_view name : names) {
    const std::string path = std::string(package_dir) + "/" + std::string(name);
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    const std::string_view type = TypeOf(name);
    if (type.empty() || !file || !(text << file.rdbuf())) {
      return FailedPrecondition("the package has no file " + std::string(name));
    }
    Asset asset{type, std::move(text).str(), {}, {}};
    GzipWriter gzip;
    gzip.Write(asset.body, &asset.gzip);
    gzip.Finish(&asset.gzip);
    if (asset.gzip.size() + 1024 > asset.body.size()) asset.gzip.clear();
    asset.etag = "\"" + Digest(asset.body) + "\"";
    out.assets_.emplace(name, std::move(asset));
  }
  return out;
}

const Asset* Assets::Find(std::string_view name) const {
  const auto found = assets_.find(name);
  return found == assets_.end() ? nullptr : &found->second;
}

std::string Assets::Address(std::string_view name) const {
  std::string out = "/assets/" + std::string(name);
  if (const Asset* asset = Find(name)) {
    out += "?v=" + asset->etag.substr(1, asset->etag.size() - 2);
  }
  return out;
}

}  // namespace strata::web
