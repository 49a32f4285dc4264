#include "core/host/module.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/base/ids.h"
#include "core/base/unique_fd.h"
#include "core/host/bindings.h"
#include "core/host/refusal.h"
#include "core/host/sha256.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRebuild = "build the plugin against this core's SDK";

Status FromErrno(const std::string& what) {
  const int error = errno;
  const std::string text = what + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) return ResourceExhausted(text);
  if (error == EACCES || error == EPERM || error == EROFS) return PermissionDenied(text);
  return Unavailable(text);
}

Status MakeStoreDir(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Unavailable("cannot make " + dir + ": " + error.message());
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) return FromErrno("cannot look at " + dir);
  // Whoever may write here decides what code the core runs.
  if (info.st_uid != ::geteuid()) return PermissionDenied(dir + " belongs to another user");
  if (::chmod(dir.c_str(), 0700) != 0) return FromErrno("cannot close " + dir + " to others");
  return OkStatus();
}

bool FileHas(const std::string& path, const std::string& digest) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return false;
  Sha256 sum;
  std::string block(std::size_t{64} << 10, '\0');
  while (true) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return sum.Hex() == digest;
    sum.Add(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
  }
}

Status WriteFile(const std::string& path, std::string_view bytes) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return FromErrno("cannot write " + path);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno("cannot write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fchmod(fd.get(), 0444) == 0 ? OkStatus() : FromErrno("cannot write " + path);
}

using Entry = strata_plugin_v1_fn;

Result<Entry> FindEntry(const std::string& package, const std::string& path) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return Refuse(package, {"load", "a shared object whose symbols and libraries all exist",
                            ::dlerror(), "install what it needs or link it into the plugin"});
  }
  void* const symbol = ::dlsym(library, "strata_plugin_v1");
  // dlsym also finds symbols of the libraries that the plugin is linked to.
  Dl_info info{};
  link_map* map = nullptr;
  const bool own = symbol != nullptr && ::dladdr(symbol, &info) != 0 &&
                   ::dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 &&
                   std::strcmp(info.dli_fname, map->l_name) == 0;
  if (!own) {
    return Refuse(package, {"entry", "strata_plugin_v1 in plugin.so itself",
                            symbol == nullptr ? "none" : "one in another library",
                            "do not link the plugin to another plugin"});
  }
  return reinterpret_cast<Entry>(symbol);
}

Status CheckText(std::string_view package, std::string_view what, strata_str got,
                 const std::string& expected) {
  if (abi::View(got) == expected) return OkStatus();
  return Refuse(
      package,
      {"descriptor", std::string(what) + " \"" + expected + "\" as in manifest.json",
       "\"" + std::string(abi::View(got)) + "\"", "make manifest.json and the plugin agree"});
}

std::string Names(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out.empty() ? "none" : out;
}

Status CheckMethods(std::string_view package, const Manifest& manifest,
                    const strata_descriptor& descriptor) {
  std::set<std::string> served;
  for (std::size_t i = 0; i < descriptor.method_count; ++i) {
    const strata_method& method = descriptor.methods[i];
    const std::string_view name = abi::View(method.full_name);
    const std::string service(ServiceOf(name));
    if (service.empty() || method.kind < STRATA_UNARY || method.kind > STRATA_BIDI) {
      return Refuse(package, {"descriptor", "methods named /package.Service/Method of a known kind",
                              "\"" + std::string(name) + "\"", kRebuild});
    }
    served.insert(service);
  }
  const std::set<std::string> promised(manifest.provides.begin(), manifest.provides.end());
  if (served == promised) return OkStatus();
  return Refuse(package, {"descriptor", "services " + Names(promised) + " as in manifest.json",
                          Names(served), "make manifest.json and the plugin agree"});
}

}  // namespace

Status CheckVtable(std::string_view package, const Manifest& manifest,
                   const strata_plugin* plugin) {
  if (plugin == nullptr) {
    return Refuse(package,
                  {"abi", "a plugin that accepts ABI 1." + std::to_string(STRATA_ABI_MINOR),
                   "one that refuses it", kRebuild});
  }
  if (!STRATA_HAS(plugin, destroy)) {
    return Refuse(package, {"abi",
                            "a vtable of at least " +
                                std::to_string(offsetof(strata_plugin, extension)) + " bytes",
                            std::to_string(plugin->struct_size), kRebuild});
  }
  if (plugin->desc == nullptr || !STRATA_HAS(plugin->desc, method_count)) {
    return Refuse(package, {"abi", "a complete descriptor", "a short one", kRebuild});
  }
  if (plugin->create == nullptr || plugin->start == nullptr || plugin->health == nullptr ||
      plugin->handle == nullptr || plugin->drain == nullptr || plugin->stop == nullptr ||
      plugin->destroy == nullptr) {
    return Refuse(package, {"abi", "every function of the vtable", "a null pointer", kRebuild});
  }
  STRATA_RETURN_IF_ERROR(CheckText(package, "id", plugin->desc->id, manifest.id));
  STRATA_RETURN_IF_ERROR(CheckText(package, "version", plugin->desc->version, manifest.version));
  STRATA_RETURN_IF_ERROR(CheckText(package, "layer", plugin->desc->layer, manifest.layer));
  return CheckMethods(package, manifest, *plugin->desc);
}

Result<std::string> StoreImage(const Package& package, const std::string& store_dir) {
  STRATA_RETURN_IF_ERROR(MakeStoreDir(store_dir));
  std::error_code error;
  std::string path = fs::absolute(store_dir, error).string() + "/" + package.digest + ".so";
  if (FileHas(path, package.digest)) return path;
  const std::string temporary = path + "." + base::NewUuid4();
  const Status written = WriteFile(temporary, package.image);
  if (written.ok() && ::rename(temporary.c_str(), path.c_str()) == 0) return path;
  const Status failed = written.ok() ? FromErrno("cannot rename to " + path) : written;
  ::unlink(temporary.c_str());
  return failed;
}

Result<const strata_plugin*> LoadModule(const Package& package, const std::string& store_dir) {
  STRATA_ASSIGN_OR_RETURN(const std::string path, StoreImage(package, store_dir));
  STRATA_ASSIGN_OR_RETURN(const Entry entry, FindEntry(package.dir, path));
  const strata_plugin* const plugin = entry(STRATA_ABI_MINOR);
  STRATA_RETURN_IF_ERROR(CheckVtable(package.dir, package.manifest, plugin));
  return plugin;
}

}  // namespace strata::host
