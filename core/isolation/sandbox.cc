#include "core/isolation/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace strata::isolation {
namespace {

void Limit(__rlimit_resource what, std::uint64_t value) {
  const rlimit limit{value, value};
  ::setrlimit(what, &limit);
}

}  // namespace

Status Confine(const Confinement& confinement, std::vector<std::string>* missing) {
  static_cast<void>(missing);
  Limit(RLIMIT_CORE, 0);  // A core file holds records.
  if (confinement.memory_bytes != 0) Limit(RLIMIT_DATA, confinement.memory_bytes);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Unavailable(std::string("no_new_privs: ") + std::strerror(errno));
  }
  return OkStatus();
}

std::vector<std::string> ToWords(const Confinement& confinement) {
  std::vector<std::string> out = {"uid=" + std::to_string(confinement.uid),
                                  "state=" + confinement.state_dir,
                                  "memory=" + std::to_string(confinement.memory_bytes),
                                  "tasks=" + std::to_string(confinement.tasks)};
  for (const std::string& path : confinement.read) out.push_back("read=" + path);
  if (confinement.network) out.emplace_back("network");
  if (confinement.programs) out.emplace_back("programs");
  return out;
}

Result<Confinement> FromWords(const std::vector<std::string_view>& words) {
  Confinement out;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (key == "uid") {
      out.uid = static_cast<std::uint32_t>(number);
    } else if (key == "state") {
      out.state_dir = value;
    } else if (key == "read") {
      out.read.emplace_back(value);
    } else if (key == "memory") {
      out.memory_bytes = number;
    } else if (key == "tasks") {
      out.tasks = number;
    } else if (key == "network") {
      out.network = true;
    } else if (key == "programs") {
      out.programs = true;
    } else {
      return InvalidArgument("plugin-host: unknown word " + std::string(word));
    }
  }
  return out;
}

}  // namespace strata::isolation
