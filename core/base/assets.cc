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

std::optional<AssetAnswer> Assets::Answer(std::string_view name, std::string_view if_none_match,
                                          std::string_view accept_encoding) const {
  const auto found = assets_.find(name);
  if (found == assets_.end()) return std::nullopt;
  const Asset& asset = found->second;
  AssetAnswer out;
  out.headers = {{"content-type", std::string(asset.content_type)},
                 {"cache-control", "public, max-age=31536000, immutable"},
                 {"etag", asset.etag},
                 {"vary", "accept-encoding"},
                 {"x-content-type-options", "nosniff"}};
  if (if_none_match == asset.etag) {
    out.status = 304;
    return out;
  }
  const bool gzip = !asset.gzip.empty() && accept_encoding.find("gzip") != std::string_view::npos;
  if (gzip) out.headers.emplace_back("content-encoding", "gzip");
  out.body = gzip ? asset.gzip : asset.body;
  return out;
}

std::string Assets::Address(std::string_view name) const {
  std::string out = "/assets/" + std::string(name);
  if (const auto found = assets_.find(name); found != assets_.end()) {
    const std::string& etag = found->second.etag;
    out += "?v=" + etag.substr(1, etag.size() - 2);
  }
  return out;
}

}  // namespace strata::web
