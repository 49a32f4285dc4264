// Searches per second in one process on one thread, over a store in memory: what planning, index
// reads and checks cost without a network, a disk or another layer. Each shape is asked with values
// of many patients, on the sample patients once and ten times over under new ids; an answer that
// does not grow should not take longer.
//
// usage: search_bench [FOLDER [COPIES]]    FOLDER with bundles, by default the sample patients

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

constexpr double kSecondsPerShape = 1.0;

struct Shape {
  const char* name;
  std::vector<data::v1::SearchRequest> requests;
};

struct Figures {
  double per_second = 0;
  double p99_us = 0;
  double rows = 0;
};

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The patients' ids, identifiers and names.
struct Person {
  std::string id;
  std::string identifier;
  std::string family;
};

Result<std::vector<Person>> PeopleOf(Corpus& corpus) {
  layout::MapView view(corpus.store(), corpus.Moment());
  STRATA_ASSIGN_OR_RETURN(const Page page, Execute(view, RequestOf("Patient?_count=20"), {}));
  std::vector<Person> people;
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(resource.json));
    const json::Value root = document.root();
    people.push_back({resource.header->id, std::string(root["identifier"].At(0)["value"].string()),
                      std::string(root["name"].At(0)["family"].string())});
    return {};
  };
  STRATA_RETURN_IF_ERROR(view.ReadResources(page.matches, true, each));
  return people;
}

std::vector<Shape> ShapesFor(const std::vector<Person>& people) {
  std::vector<Shape> shapes = {{"read by id", {}},
                               {"identifier", {}},
                               {"name prefix", {}},
                               {"patient + code", {}},
                               {"patient + code + date, newest 20", {}},
                               {"status, first 20", {}}};
  for (const Person& person : people) {
    const std::string observations = "Observation?patient=" + person.id;
    const std::string pressure = observations + "&code=http://loinc.org|85354-9";
    const std::string queries[] = {"Patient?_id=" + person.id,
                                   "Patient?identifier=" + person.identifier,
                                   "Patient?name=" + person.family + "&_count=20",
                                   pressure,
                                   pressure + "&date=ge2010&_sort=-date&_count=20",
                                   "Observation?status=final&_count=20"};
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      shapes[i].requests.push_back(RequestOf(queries[i]));
    }
  }
  return shapes;
}

Figures Measure(Corpus& corpus, const Shape& shape) {
  layout::MapView view(corpus.store(), corpus.Moment());
  std::vector<double> times;
  const double start = Seconds();
  double now = start;
  while (now - start < kSecondsPerShape || times.size() < 100) {
    const double before = now;
    const auto page = Execute(view, shape.requests[times.size() % shape.requests.size()], {});
    if (!page.ok()) std::abort();
    now = Seconds();
    times.push_back(now - before);
  }
  std::sort(times.begin(), times.end());
  const auto asked = static_cast<double>(times.size());
  return {asked / (now - start), times[times.size() * 99 / 100] * 1e6,
          static_cast<double>(view.rows_read) / asked};
}

int Main(const std::string& folder, int copies) {
  std::vector<std::vector<Figures>> figures;
  std::vector<std::string> names;
  for (const int n : {1, copies}) {
    Corpus corpus;
    const Status loaded = corpus.Load(folder, n);
    const auto people = PeopleOf(corpus);
    if (!loaded.ok() || !people.ok()) {
      std::fprintf(stderr, "%s\n", loaded.ToString().c_str());
      return 1;
    }
    std::printf("%zu resources, %.1f us CPU each to find the index values\n", corpus.size(),
                corpus.extract_seconds() * 1e6 / static_cast<double>(corpus.size()));
    names.clear();
    figures.emplace_back();
    for (const Shape& shape : ShapesFor(*people)) {
      names.emplace_back(shape.name);
      figures.back().push_back(Measure(corpus, shape));
    }
  }
  std::printf("%-34s %10s %9s %8s %12s %8s\n", "shape", "1x /s", "p99 us", "rows", "larger /s",
              "ratio");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Figures& one = figures[0][i];
    const Figures& ten = figures[1][i];
    std::printf("%-34s %10.0f %9.0f %8.0f %12.0f %8.0f %8.2f\n", names[i].c_str(), one.per_second,
                one.p99_us, one.rows, ten.per_second, ten.rows, one.per_second / ten.per_second);
  }
  return 0;
}

}  // namespace
}  // namespace strata::fhir::search

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : STRATA_PATIENTS;
  return strata::fhir::search::Main(folder, argc > 2 ? std::atoi(argv[2]) : 10);
}
