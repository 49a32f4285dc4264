#include "plugins/service_record_viewer/assets.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/gzip.h"

namespace strata::record_viewer {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kFiles = {
    {{"viewer.css", "text/css; charset=utf-8"}, {"favicon.svg", "image/svg+xml"}}};

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

Result<Assets> Assets::Load(std::string_view package_dir) {
  Assets out;
  for (const auto& [name, type] : kFiles) {
    const std::string path = std::string(package_dir) + "/" + std::string(name);
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
      return FailedPrecondition("the package has no file " + std::string(name));
    }
    Asset asset{type, std::move(text).str(), {}, {}};
    web::GzipWriter gzip;
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

}  // namespace strata::record_viewer
