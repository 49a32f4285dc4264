#include "core/host/package.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "core/base/unique_fd.h"
#include "core/host/config_schema.h"
#include "core/host/elf.h"
#include "core/host/refusal.h"
#include "core/host/sha256.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::string_view kRebuild = "build the package again and do not change it afterwards";
constexpr std::string_view kEntry = "strata_plugin_v1";

// Reads a regular file through one descriptor; symbolic links are not followed.
Result<std::string> ReadRegularFile(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return NotFound(std::strerror(errno));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return InvalidArgument("not a regular file");
  }
  if (static_cast<std::size_t>(info.st_size) > kMaxFileBytes) return InvalidArgument("too large");
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return InvalidArgument("cannot be read to its end");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

// Paths of all files below `dir`, relative to it.
Result<std::vector<std::string>> ListFiles(const std::string& dir) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::recursive_directory_iterator it(dir, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_directory(error) && !it->is_symlink(error)) continue;
    out.push_back(fs::relative(it->path(), dir, error).string());
  }
  if (error) return Unavailable("cannot list " + dir + ": " + error.message());
  return out;
}

Status CheckFile(const std::string& dir, const std::string& name, const std::string& expected,
                 std::string* image) {
  auto bytes = ReadRegularFile(dir + "/" + name);
  if (!bytes.ok()) {
    return Refuse(dir, {"files", "the file " + name + " that manifest.json lists",
                        bytes.status().message(), kRebuild});
  }
  const std::string digest = Sha256Hex(*bytes);
  if (digest != expected) {
    return Refuse(dir, {"digest", "SHA-256 " + expected + " of " + name, digest, kRebuild});
  }
  if (name == "plugin.so") *image = *std::move(bytes);
  return OkStatus();
}

Status CheckFiles(const std::string& dir, const Manifest& manifest, std::string* image) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<std::string> present, ListFiles(dir));
  for (const std::string& name : present) {
    if (name != "manifest.json" && manifest.files.find(name) == manifest.files.end()) {
      return Refuse(dir, {"files", "only files that manifest.json lists", name, kRebuild});
    }
  }
  for (const auto& [name, digest] : manifest.files) {
    if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos) {
      return Refuse(dir, {"files", "paths inside the package", name, kRebuild});
    }
    STRATA_RETURN_IF_ERROR(CheckFile(dir, name, digest, image));
  }
  return OkStatus();
}

Status CheckExports(const std::string& dir, std::string_view image) {
  const auto exported = ExportedSymbols(image);
  if (!exported.ok()) {
    return Refuse(dir, {"binary", "plugin.so to be a shared object for this machine",
                        exported.status().message(), "build plugin.so with strata_add_plugin()"});
  }
  if (exported->size() == 1 && exported->front() == kEntry) return OkStatus();
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(exported->size(), 5); ++i) {
    names.append(i == 0 ? "" : ", ").append((*exported)[i]);
  }
  if (exported->size() > 5)
    names.append(" and ").append(std::to_string(exported->size() - 5)).append(" more");
  return Refuse(dir, {"exports", "exactly one exported symbol, strata_plugin_v1",
                      names.empty() ? "none" : names,
                      "link it with strata_add_plugin() or the version script "
                      "core/sdk/cmake/plugin.map"});
}

}  // namespace

Result<Manifest> ReadManifest(const std::string& dir) {
  const auto text = ReadRegularFile(dir + "/manifest.json");
  if (!text.ok()) {
    return Refuse(dir, {"manifest", "the file manifest.json", text.status().message(), kRebuild});
  }
  return ParseManifest(dir, *text);
}

Result<Package> OpenPackage(const std::string& dir) {
  std::error_code error;
  Package out;
  out.dir = fs::canonical(dir, error).string();
  if (error || !fs::is_directory(out.dir, error)) return NotFound("no package folder " + dir);
  STRATA_ASSIGN_OR_RETURN(out.manifest, ReadManifest(out.dir));
  STRATA_RETURN_IF_ERROR(CheckFiles(out.dir, out.manifest, &out.image));
  STRATA_RETURN_IF_ERROR(CheckExports(out.dir, out.image));
  out.digest = out.manifest.files.find("plugin.so")->second;
  return out;
}

Result<std::string> PackagePath::Find(const std::string& name, const std::string& base) const {
  std::error_code error;
  if (name.find('/') != std::string::npos) {
    const fs::path path = fs::path(base.empty() ? "." : base) / name;
    if (fs::is_directory(path, error)) return path.string();
    return NotFound("no package folder " + path.string());
  }
  std::string places;
  for (const std::string& folder : folders_) {
    const fs::path path = fs::path(folder) / name;
    if (fs::exists(path / "manifest.json", error)) return path.string();
    places.append(places.empty() ? "" : ", ").append(folder);
  }
  std::vector<std::string> names;
  for (const std::string& dir : List()) names.push_back(fs::path(dir).filename().string());
  return NotFound("no package \"" + name + "\" in " + (places.empty() ? "no folder" : places) +
                  DidYouMean(name, names));
}

std::vector<std::string> PackagePath::List() const {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const std::string& folder : folders_) {
    std::vector<std::string> here;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (!fs::exists(it->path() / "manifest.json", error)) continue;
      if (seen.insert(it->path().filename().string()).second) here.push_back(it->path().string());
    }
    std::sort(here.begin(), here.end());
    out.insert(out.end(), here.begin(), here.end());
  }
  return out;
}

}  // namespace strata::host
