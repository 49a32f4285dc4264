#include "tests/bench/swap/variant.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/json.h"
#include "core/host/sha256.h"

namespace strata::bench {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// How often it was there.
int ReplaceAll(const std::string& what, const std::string& by, std::string* text) {
  int count = 0;
  for (std::size_t at = text->find(what); at != std::string::npos; at = text->find(what, at)) {
    text->replace(at, what.size(), by);
    at += by.size();
    ++count;
  }
  return count;
}

}  // namespace

Status MakeVariant(const std::string& from, const std::string& to, const std::string& version,
                   Variant kind) {
  std::error_code error;
  fs::create_directories(to, error);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
  if (error) return Unavailable("cannot copy " + from + ": " + error.message());
  std::string manifest = Read(fs::path(from) / "manifest.json");
  STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(manifest));
  const std::string old(document.root()["version"].string());
  const std::string old_digest(document.root()["files"]["plugin.so"].string());
  std::string image = Read(fs::path(from) / "plugin.so");
  if (old.size() != version.size()) return InvalidArgument("versions of different lengths");
  if (kind != Variant::kDishonest && ReplaceAll(old, version, &image) == 0) {
    return NotFound("no version in plugin.so");
  }
  // The major version is in the name of the entry.
  if (kind == Variant::kOtherAbi &&
      ReplaceAll("strata_plugin_v1", "strata_plugin_v2", &image) == 0) {
    return NotFound("no entry in plugin.so");
  }
  ReplaceAll("\"" + old + "\"", "\"" + version + "\"", &manifest);
  ReplaceAll(old_digest, host::Sha256Hex(image), &manifest);
  std::ofstream(fs::path(to) / "plugin.so", std::ios::binary) << image;
  std::ofstream(fs::path(to) / "manifest.json", std::ios::binary) << manifest;
  return OkStatus();
}

}  // namespace strata::bench
