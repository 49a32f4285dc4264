// Searches per second of processor time in one process on one thread, over a store in memory: what
// planning, index reads and checks cost without a network, a disk or another layer. Each shape is
// asked with values of many patients, on few COPIES of the sample patients and on more, each under
// new ids and identifiers and at other times of the day; an answer that does not grow should not
// take longer. "rows" is what a search touches: index rows, resources and their headers.
//
// SAME_TIMES=1: all copies at the same times, so that ever more resources share each date.
// EXPLAIN=1: how the first search of each shape went, to the errors' stream.
//
// usage: search_bench [FOLDER [COPIES...]]    FOLDER with bundles, by default the sample patients;
//                                             numbers of copies, by default 1, 10 and 100
//                                             (876,200 resources, 5 GB of memory)

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "tests/bench/search/shapes.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

constexpr double kSecondsPerShape = 0.5;
constexpr double kMostSeconds = 5;  // of a slow shape, asked fewer than 100 times

using bench::Person;
using bench::Shape;

struct Figures {
  double p50_us = 0;
  double p99_us = 0;
  double rows = 0;  // of one search, on average
};

// What is "not growing": so many times the first size's, and what a page takes anyhow, before it
// shows what the searches of a small store had in common.
constexpr double kMostGrowth = 1.5;
constexpr double kRowsOfAPage = 150;
constexpr double kPageUs = 500;

// Processor time of this thread: what else the machine does, does not count.
double Seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Result<std::vector<Person>> PeopleOf(Corpus& corpus) {
  layout::MapView view(corpus.store(), corpus.Moment());
  STRATA_ASSIGN_OR_RETURN(const Page page, Execute(view, RequestOf("Patient?_count=20"), {}));
  std::vector<Person> people;
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(resource.json));
    const json::Value root = document.root();
    // The identifier that follows the id, so that every copy has one of its own.
    const std::string& id = resource.header->id;
    people.push_back({id, id, std::string(root["name"].At(0)["family"].string())});
    return {};
  };
  STRATA_RETURN_IF_ERROR(view.ReadResources(page.matches, true, each));
  return people;
}

// The codes that observations have, most of them.
Result<std::vector<std::string>> CodesOf(Corpus& corpus) {
  layout::MapView view(corpus.store(), corpus.Moment());
  STRATA_ASSIGN_OR_RETURN(const Page page, Execute(view, RequestOf("Observation?_count=1000"), {}));
  std::set<std::string> codes;
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(resource.json));
    codes.emplace(document.root()["code"]["coding"].At(0)["code"].string());
    return {};
  };
  STRATA_RETURN_IF_ERROR(view.ReadResources(page.matches, true, each));
  return std::vector<std::string>(codes.begin(), codes.end());
}

Figures Measure(Corpus& corpus, const Shape& shape) {
  layout::MapView view(corpus.store(), corpus.Moment());
  std::vector<double> times;
  // The first search of a type compiles its parameters.
  static_cast<void>(Execute(view, shape.requests.front(), {}));
  view.rows_read = 0;
  const double start = Seconds();
  double now = start;
  while (now - start < kSecondsPerShape || (times.size() < 100 && now - start < kMostSeconds)) {
    const double before = now;
    const auto page = Execute(view, shape.requests[times.size() % shape.requests.size()], {});
    if (!page.ok()) {
      std::fprintf(stderr, "%s: %s\n", shape.name, page.status().ToString().c_str());
      std::exit(1);
    }
    now = Seconds();
    times.push_back(now - before);
  }
  if (std::getenv("EXPLAIN") != nullptr) {
    const auto plan = Explain(view, shape.requests.front(), {});
    std::fprintf(stderr, "%s\n%s", shape.name, plan->text().c_str());
  }
  std::sort(times.begin(), times.end());
  const auto asked = static_cast<double>(times.size());
  return {times[times.size() / 2] * 1e6, times[times.size() * 99 / 100] * 1e6,
          static_cast<double>(view.rows_read) / asked};
}

struct Kinds {
  std::vector<std::string> names;
  std::vector<bool> grow;
};

// The figures of every shape on so many copies; nothing when they cannot be had.
std::vector<Figures> MeasureCopies(const std::string& folder, int copies, Kinds* kinds) {
  Corpus corpus;
  const bool same_times = std::getenv("SAME_TIMES") != nullptr;
  const Status loaded = corpus.Load(folder, copies, same_times);
  const auto people = PeopleOf(corpus);
  const auto codes = CodesOf(corpus);
  if (!loaded.ok() || !people.ok() || !codes.ok()) {
    std::fprintf(stderr, "%s\n", loaded.ToString().c_str());
    return {};
  }
  std::printf("%d copies: %zu resources, %.1f us CPU each to find the index values\n", copies,
              corpus.size(), corpus.extract_seconds() * 1e6 / static_cast<double>(corpus.size()));
  std::vector<Figures> figures;
  *kinds = {};
  for (const Shape& shape : bench::ShapesFor(*people, *codes)) {
    kinds->names.emplace_back(shape.name);
    kinds->grow.push_back(shape.grows);
    figures.push_back(Measure(corpus, shape));
  }
  return figures;
}

// Whether the rows did not grow, which is the same on every machine.
bool HoldsRows(const Figures& first, const Figures& last) {
  return last.rows <= kMostGrowth * std::max(first.rows, kRowsOfAPage);
}

// Nor the time of the slowest searches.
bool Holds(const Figures& first, const Figures& last) {
  return HoldsRows(first, last) && last.p99_us <= kMostGrowth * std::max(first.p99_us, kPageUs);
}

void PrintTable(const std::vector<int>& copies, const Kinds& kinds,
                const std::vector<std::vector<Figures>>& figures) {
  std::printf("%-36s", "copies");
  for (const int n : copies) std::printf(" | %5d: p50 us  p99 us    rows", n);
  std::printf(" | p99 ratio | rows ratio\n");
  std::string growing;
  std::size_t held = 0;
  std::size_t held_rows = 0;
  std::size_t kinds_asked = 0;
  for (std::size_t i = 0; i < kinds.names.size(); ++i) {
    const Figures& first = figures.front()[i];
    const Figures& last = figures.back()[i];
    std::printf("%-36s", kinds.names[i].c_str());
    for (const auto& of : figures) {
      std::printf(" | %13.0f %7.0f %7.0f", of[i].p50_us, of[i].p99_us, of[i].rows);
    }
    std::printf(" | %9.2f | %9.2f\n", last.p99_us / first.p99_us, last.rows / first.rows);
    if (kinds.grow[i]) continue;
    ++kinds_asked;
    held_rows += HoldsRows(first, last) ? 1U : 0U;
    if (Holds(first, last)) {
      ++held;
    } else {
      growing += (growing.empty() ? "; growing: " : ", ") + kinds.names[i];
    }
  }
  std::printf(
      "%zu of %zu kinds of search whose answer does not grow keep rows and p99 within %.1fx (or "
      "below %.0f rows and %.0f us) from %d to %d copies%s\n",
      held, kinds_asked, kMostGrowth, kMostGrowth * kRowsOfAPage, kMostGrowth * kPageUs,
      copies.front(), copies.back(), growing.c_str());
  std::printf("%zu of %zu keep rows alone so\n", held_rows, kinds_asked);
}

int Main(const std::string& folder, const std::vector<int>& copies) {
  std::vector<std::vector<Figures>> figures;
  Kinds kinds;
  for (const int n : copies) {
    figures.push_back(MeasureCopies(folder, n, &kinds));
    if (figures.back().empty()) return 1;
  }
  PrintTable(copies, kinds, figures);
  return 0;
}

}  // namespace
}  // namespace strata::fhir::search

int main(int argc, char** argv) {
  std::vector<int> copies;
  for (int i = 2; i < argc; ++i) copies.push_back(std::max(1, std::atoi(argv[i])));
  if (copies.empty()) copies = {1, 10, 100};
  return strata::fhir::search::Main(argc > 1 ? argv[1] : STRATA_PATIENTS, copies);
}
