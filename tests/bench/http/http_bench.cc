// HTTP figures, each against a baseline of the same run:
//   http_bench                     the gateway with a trivial service against a bare Poco server
//   http_bench --url URL           what answers there against a bare Poco server, same bytes
//   http_bench --url URL --mix FILE  the paths in the file's lines, in turn; no baseline
//   http_bench --slow [--url URL]  p99 alone, and beside 2,000 idle and 200 byte-a-second clients
// --seconds N: length of one round (default 2). Needs about 5,000 file descriptors for --slow.

#include <sched.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "core/gateway/exchange_codec.h"
#include "core/gateway/http_gateway.h"
#include "core/gateway/wire.h"
#include "tests/bench/http/load_generator.h"
#include "tests/bench/http/poco_server.h"
#include "tests/support/fake_ingress.h"

namespace strata::bench {
namespace {

constexpr int kConnections = 16;
constexpr int kRounds = 5;

struct Arguments {
  std::string url;
  std::string mix;
  bool slow = false;
  std::chrono::milliseconds round{2000};
};

bool ParseUrl(const std::string& url, Target* target) {
  constexpr std::string_view kScheme = "http://";
  const std::size_t colon = url.find(':', kScheme.size());
  const std::size_t slash = url.find('/', kScheme.size());
  if (!url.starts_with(kScheme) || colon == std::string::npos || slash < colon) return false;
  target->host = url.substr(kScheme.size(), colon - kScheme.size());
  if (target->host == "localhost") target->host = "127.0.0.1";
  target->port = static_cast<std::uint16_t>(std::atoi(url.c_str() + colon + 1));
  target->path = slash == std::string::npos ? "/" : url.substr(slash);
  return true;
}

bool ParseArguments(int argc, char** argv, Arguments* out) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--slow") == 0) {
      out->slow = true;
    } else if (std::strcmp(argv[i], "--url") == 0 && i + 1 < argc) {
      out->url = argv[++i];
    } else if (std::strcmp(argv[i], "--mix") == 0 && i + 1 < argc) {
      out->mix = argv[++i];
    } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      out->round = std::chrono::milliseconds(std::atoi(argv[++i]) * 1000);
    } else {
      return false;
    }
  }
  return true;
}

// Threads started from now on run on the first processor, or on all others.
void PinTo(bool first) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const std::size_t count = std::thread::hardware_concurrency();
  for (std::size_t i = 0; i < count; ++i) {
    if ((i == 0) == first || count == 1) CPU_SET(i, &set);
  }
  ::sched_setaffinity(0, sizeof(set), &set);
}

// A service that answers 2 KiB, as a read of a small resource does.
std::string TrivialAnswer() {
  std::string header;
  gateway::AppendBytes(1, "content-type", &header);
  gateway::AppendBytes(2, "application/fhir+json", &header);
  std::string head;
  gateway::AppendUint(1, 200, &head);
  gateway::AppendBytes(2, header, &head);
  std::string answer;
  gateway::AppendBytes(1, head, &answer);
  gateway::EncodeBodyPart(std::string(2048, 'x'), /*end=*/true, &answer);
  return answer;
}

void AddTrivialService(testing::FakeIngress* ingress) {
  host::HttpRoute route;
  route.path = "/";
  ingress->AddRoute(route, [answer = TrivialAnswer()](strata_call* call) {
    strata_bytes request{};
    const strata_code code = call->ops->read(call, &request);
    if (code != STRATA_OK) return code;
    return call->ops->write(call,
                            {reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()});
  });
}

std::vector<std::pair<std::string, std::string>> HeadersOf(const std::string& head) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    const std::string name = head.substr(at, colon - at);
    if (name != "Content-Length" && name != "Connection" && name != "Date") {
      headers.emplace_back(name, head.substr(colon + 2, end - colon - 2));
    }
    at = end + 2;
  }
  return headers;
}

void Print(const char* name, const LoadResult& r) {
  std::printf("%-8s %9.0f requests/s  p50 %7.0f us  p99 %7.0f us  failures %llu\n", name,
              r.PerSecond(), r.p50_us, r.p99_us, static_cast<unsigned long long>(r.failures));
  std::fflush(stdout);
}

int Compare(const Target& target, const Arguments& arguments) {
  Fetched answer;
  if (!Fetch(target, &answer)) return 1;
  PinTo(/*first=*/false);
  const PocoServer poco(HeadersOf(answer.head), answer.body);
  PinTo(/*first=*/true);
  const Target baseline{"127.0.0.1", poco.port(), target.path};
  LoadResult sums[2];
  for (int round = 0; round < kRounds; ++round) {
    const LoadResult ours = RunLoad(target, kConnections, arguments.round);
    const LoadResult bare = RunLoad(baseline, kConnections, arguments.round);
    Print("strata", ours);
    Print("poco", bare);
    sums[0].requests += ours.requests;
    sums[1].requests += bare.requests;
    sums[0].seconds += ours.seconds;
    sums[1].seconds += bare.seconds;
    sums[0].failures += ours.failures;
  }
  std::printf("http: %zu bytes, %d connections: %.0f against %.0f requests/s: %.0f %% of Poco\n",
              answer.body.size(), kConnections, sums[0].PerSecond(), sums[1].PerSecond(),
              100 * sums[0].PerSecond() / sums[1].PerSecond());
  return sums[0].failures == 0 ? 0 : 1;
}

int RunMix(const Target& target, const Arguments& arguments) {
  std::vector<std::string> paths;
  std::ifstream file(arguments.mix);
  for (std::string line; std::getline(file, line);) paths.push_back(line);
  if (paths.empty()) return 1;
  LoadResult worst;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  double seconds = 0;
  PinTo(/*first=*/true);
  for (int round = 0; round < kRounds; ++round) {
    const LoadResult result = RunLoad(target, paths, kConnections, arguments.round);
    Print("strata", result);
    if (result.p99_us > worst.p99_us) worst = result;
    requests += result.requests;
    failures += result.failures;
    seconds += result.seconds;
  }
  std::printf(
      "http mix: %zu paths, %d connections: %.0f requests/s, p99 of the worst round %.1f ms\n",
      paths.size(), kConnections, static_cast<double>(requests) / seconds, worst.p99_us / 1000);
  return failures == 0 ? 0 : 1;
}

int CompareSlow(const Target& target, const Arguments& arguments) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  PinTo(/*first=*/true);
  double alone = 0;
  double beside = 0;
  for (int round = 0; round < kRounds; ++round) {
    const LoadResult quiet = RunLoad(target, kConnections, arguments.round);
    Bystanders others(target, 2000, 200);
    std::atomic<bool> stop{false};
    std::thread sender([&] {
      while (!stop.load()) {
        others.SendByte();
        std::this_thread::sleep_for(std::chrono::seconds(1));  // the clients' pace
      }
    });
    const LoadResult busy = RunLoad(target, kConnections, arguments.round);
    stop.store(true);
    sender.join();
    Print("alone", quiet);
    Print("beside", busy);
    if (others.connected() != 2200) std::printf("only %zu connections\n", others.connected());
    alone += quiet.p99_us;
    beside += busy.p99_us;
  }
  std::printf(
      "http slow clients: p99 %.0f us alone, %.0f us beside 2,000 idle and 200 slow: %.2f\n",
      alone / kRounds, beside / kRounds, beside / alone);
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  Target target;
  if (!ParseArguments(argc, argv, &arguments) ||
      (!arguments.url.empty() && !ParseUrl(arguments.url, &target))) {
    std::fprintf(
        stderr,
        "usage: http_bench [--url http://host:port/path] [--mix FILE] [--slow] [--seconds N]\n");
    return 2;
  }
  testing::FakeIngress ingress;
  std::unique_ptr<gateway::HttpGateway> http;
  if (arguments.url.empty()) {
    AddTrivialService(&ingress);
    gateway::HttpOptions options;
    options.address = "127.0.0.1:0";
    options.max_requests_per_connection = ~std::uint32_t{0};
    PinTo(/*first=*/false);
    auto started = gateway::HttpGateway::Start(options, &ingress);
    if (!started.ok()) return 1;
    http = *std::move(started);
    static_cast<void>(ParseUrl("http://" + http->address() + "/x/1", &target));
  }
  if (!arguments.mix.empty()) return RunMix(target, arguments);
  return arguments.slow ? CompareSlow(target, arguments) : Compare(target, arguments);
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) { return strata::bench::Main(argc, argv); }
