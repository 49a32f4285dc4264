#include "core/isolation/plugin_host.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/isolation/forward.h"
#include "core/isolation/growing_pool.h"
#include "core/isolation/lane_server.h"
#include "core/isolation/loaded_plugin.h"
#include "core/isolation/rpc_server.h"
#include "core/isolation/sandbox.h"

namespace strata::isolation {
namespace {

constexpr int kCallsFd = 3;
constexpr int kCoreFd = 4;
constexpr int kLifelineFd = 5;
constexpr int kLanesFd = 6;
constexpr int kUsage = 2;
constexpr int kFailed = 70;  // sysexits.h: EX_SOFTWARE
constexpr std::size_t kMaxThreads = 4096;

[[noreturn]] void Fail(int code, const std::string& why) {
  std::fprintf(stderr, "plugin-host: %s\n", why.c_str());
  std::_Exit(code);
}

// Until the core has closed its end, or is gone.
void WaitForTheEnd() {
  char byte = 0;
  while (true) {
    const ssize_t got = ::read(kLifelineFd, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) return;
  }
}

[[noreturn]] void Serve(const std::string& image, std::vector<std::string> missing) {
  GrowingPool pool("strata-call", kMaxThreads);
  auto core = ChannelOver(base::UniqueFd(kCoreFd));
  LoadedPlugin plugin(LoadImage(image), std::move(core), std::move(missing));
  auto server = RpcServer::Start(base::UniqueFd(kCallsFd), &pool, plugin.Finder());
  if (!server.ok()) Fail(kFailed, server.status().message());
  std::thread([&plugin] {
    LaneServer::Run(base::UniqueFd(kLanesFd),
                    [&plugin](auto* lane, auto* cancel, const auto& frame) {
                      return plugin.ServeLane(lane, cancel, frame);
                    });
  }).detach();
  WaitForTheEnd();
  std::_Exit(0);  // The plugin's threads may still run: no destructor may pull the ground away.
}

[[noreturn]] void Become(char** arguments, const Confinement& confinement) {
  std::vector<std::string> missing;
  const Status confined = Confine(confinement, &missing);
  if (!confined.ok()) Fail(kFailed, confined.message());
  for (const std::string& what : missing) {
    std::fprintf(stderr, "plugin-host: without %s\n", what.c_str());
  }
  ::execvp(arguments[0], arguments);
  Fail(kFailed, "cannot run " + std::string(arguments[0]));
}

}  // namespace

void RunPluginHost(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  std::string image;
  std::vector<std::string_view> words;
  int at = 2;
  const bool exec = at < argc && std::string_view(argv[at]) == "exec";
  if (exec) ++at;
  for (; at < argc && std::string_view(argv[at]) != "--"; ++at) {
    const std::string_view word = argv[at];
    if (word.starts_with("image=")) {
      image = word.substr(6);
    } else if (word.starts_with("dir=")) {
      if (::chdir(argv[at] + 4) != 0) Fail(kFailed, "cannot enter " + std::string(word));
    } else {
      words.push_back(word);
    }
  }
  auto confinement = FromWords(words);
  if (!confinement.ok()) Fail(kUsage, confinement.status().message());
  if (exec && at + 1 < argc) Become(argv + at + 1, *confinement);
  if (exec || image.empty()) {
    Fail(kUsage, "this is run by the core for plugins with `isolation: process`");
  }
  confinement->read.push_back(image);
  std::vector<std::string> missing;
  const Status confined = Confine(*confinement, &missing);
  if (!confined.ok()) Fail(kFailed, confined.message());
  Serve(image, std::move(missing));
}

}  // namespace strata::isolation
