#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/status_text.h"
#include "strata/core/v1/core.grpc.pb.h"

namespace strata::cli {
namespace {

using core::v1::StatusResponse;
using std::chrono::steady_clock;

// Draws over what was drawn before: each line is cleared to its end, and all below.
void Redraw(const std::string& text) {
  std::string out = "\033[H";
  for (const char c : text) {
    if (c == '\n') out += "\033[K";
    out.push_back(c);
  }
  out += "\033[J";
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int RunStatusWatch(const StatusOptions& options) {
  const auto stub = core::v1::Core::NewStub(Connect(options.at));
  grpc::ClientContext context;
  const auto reader = stub->WatchStatus(&context, {});
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  StatusResponse now;
  StatusResponse before;
  auto then = steady_clock::now();
  bool first = true;
  while (reader->Read(&now)) {
    const auto at = steady_clock::now();
    const double seconds = std::chrono::duration<double>(at - then).count();
    const StatusResponse* const earlier = first ? nullptr : &before;
    if (terminal) {
      if (first) std::fputs("\033[2J", stdout);
      Redraw(StatusText(now, earlier, seconds));
    } else {
      std::puts(StatusLine(now, earlier, seconds).c_str());
      std::fflush(stdout);
    }
    before.Swap(&now);
    then = at;
    first = false;
  }
  const Status status = FromGrpc(reader->Finish(), options.at);
  std::fprintf(stderr, "strata status: %s\n",
               status.ok() ? "the stack has ended the watch" : status.ToString().c_str());
  return 1;
}

}  // namespace strata::cli
