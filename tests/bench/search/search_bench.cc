// Searches per second of processor time in one process on one thread, over a store in memory: what
// planning, index reads and checks cost without a network, a disk or another layer. Each shape is
// asked with values of many patients, on few COPIES of the sample patients and on more, each under
// new ids and identifiers; an answer that does not grow should not take longer. "rows" is what a
// search touches: index rows, resources and their headers.
//
// usage: search_bench [FOLDER [COPIES...]]    FOLDER with bundles, by default the sample patients;
//                                             two or more numbers of copies, by default 7 and 70

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

constexpr double kSecondsPerShape = 0.5;
constexpr double kMostSeconds = 5;  // of a slow shape, asked fewer than 100 times

struct Shape {
  const char* name;
  std::vector<data::v1::SearchRequest> requests;
};

struct Figures {
  double per_second = 0;
  double p99_us = 0;
  double rows = 0;
};

// Processor time of this thread: what else the machine does, does not count.
double Seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// `count` values of one element of the observations' codes or of patients' identifiers, as a list.
std::string Joined(const std::vector<std::string>& values, std::size_t from, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) list.push_back(',');
    list.append(values[(from + i) % values.size()]);
  }
  return list;
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

std::vector<Shape> ShapesFor(const std::vector<Person>& people,
                             const std::vector<std::string>& codes) {
  std::vector<std::string> identifiers;
  for (const Person& person : people) identifiers.push_back(person.identifier);
  std::vector<Shape> shapes;
  std::size_t next = 0;
  const auto add = [&](const char* name, const std::string& query) {
    if (next == shapes.size()) shapes.push_back({name, {}});
    shapes[next++].requests.push_back(RequestOf(query));
  };
  for (std::size_t i = 0; i < people.size(); ++i, next = 0) {
    const Person& person = people[i];
    const std::string of_patient = "patient=" + person.id;
    const std::string pressure = "code=http://loinc.org|85354-9";
    add("read by id", "Patient?_id=" + person.id);
    add("identifier", "Patient?identifier=" + person.identifier);
    add("name prefix", "Patient?name=" + person.family + "&_count=20");
    add("patient + code", "Observation?" + of_patient + "&" + pressure);
    add("patient + code + date, newest 20",
        "Observation?" + of_patient + "&" + pressure + "&date=ge2010&_sort=-date&_count=20");
    add("status, first 20", "Observation?status=final&_count=20");
    add("category + status, newest 20",
        "Observation?category=laboratory&status=final&_sort=-date&_count=20");
    add("two dates, first 20", "Encounter?date=ge2015-03-01&date=lt2015-04-01&_count=20");
    add("patient + two dates", "Observation?" + of_patient + "&date=ge2012&date=lt2016&_count=20");
    add("chained by identifier, newest 20",
        "Observation?patient.identifier=" + person.identifier + "&_sort=-date&_count=20");
    add("chained, wide", "Observation?patient.gender=female&" + pressure + "&_count=20");
    add("_has of one patient",
        "Patient?identifier=" + person.identifier + "&_has:Observation:patient:" + pressure);
    add("_has, wide", "Patient?_has:Observation:patient:" + pressure + "&_count=20");
    add("one of 50 codes, of a patient",
        "Observation?" + of_patient + "&code=" + Joined(codes, i, 50) + "&_count=20");
    add("one of 50 codes, first 20", "Observation?code=" + Joined(codes, i, 50) + "&_count=20");
    add("one of 50 identifiers", "Patient?identifier=" + Joined(identifiers, i, 50));
    add("of a patient by code, newest first",
        "Observation?" + of_patient + "&_sort=code,-date&_count=20");
    add("all by date, then code", "Observation?_sort=-date,code&_count=20");
    add("all by status, then date", "Observation?_sort=status,-date&_count=20");
    add("of a category by code, newest first",
        "Observation?category=laboratory&_sort=code,-date&_count=20");
    add("all by quantity", "Observation?_sort=-value-quantity&_count=20");
    add("of a code by quantity",
        "Observation?code=http://loinc.org|8302-2&_sort=value-quantity&_count=20");
    add("by what most do not have", "Patient?_sort=-death-date,birthdate&_count=20");
    add("all by id", "Patient?_sort=_id&_count=20");
    add("include patient and encounter",
        "Observation?" + of_patient + "&" + pressure +
            "&_include=Observation:patient&_include=Observation:encounter&_count=20");
    add("count of a status (grows)", "Observation?status=final&_summary=count");
  }
  return shapes;
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
  std::sort(times.begin(), times.end());
  const auto asked = static_cast<double>(times.size());
  return {asked / (now - start), times[times.size() * 99 / 100] * 1e6,
          static_cast<double>(view.rows_read) / asked};
}

// The figures of every shape on so many copies; nothing when they cannot be had.
std::vector<Figures> MeasureCopies(const std::string& folder, int copies,
                                   std::vector<std::string>* names) {
  Corpus corpus;
  const Status loaded = corpus.Load(folder, copies);
  const auto people = PeopleOf(corpus);
  const auto codes = CodesOf(corpus);
  if (!loaded.ok() || !people.ok() || !codes.ok()) {
    std::fprintf(stderr, "%s\n", loaded.ToString().c_str());
    return {};
  }
  std::printf("%d copies: %zu resources, %.1f us CPU each to find the index values\n", copies,
              corpus.size(), corpus.extract_seconds() * 1e6 / static_cast<double>(corpus.size()));
  std::vector<Figures> figures;
  names->clear();
  for (const Shape& shape : ShapesFor(*people, *codes)) {
    names->emplace_back(shape.name);
    figures.push_back(Measure(corpus, shape));
  }
  return figures;
}

int Main(const std::string& folder, const std::vector<int>& copies) {
  std::vector<std::vector<Figures>> figures;
  std::vector<std::string> names;
  for (const int n : copies) figures.push_back(MeasureCopies(folder, n, &names));
  std::printf("%-36s", "copies");
  for (const int n : copies) std::printf(" | %7d/s  p99 us    rows", n);
  std::printf(" | p99 ratio\n");
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::printf("%-36s", names[i].c_str());
    for (const auto& of : figures) {
      if (of.empty()) return 1;
      std::printf(" | %9.0f %7.0f %7.0f", of[i].per_second, of[i].p99_us, of[i].rows);
    }
    std::printf(" | %9.2f\n", figures.back()[i].p99_us / figures.front()[i].p99_us);
  }
  return 0;
}

}  // namespace
}  // namespace strata::fhir::search

int main(int argc, char** argv) {
  std::vector<int> copies;
  for (int i = 2; i < argc; ++i) copies.push_back(std::max(1, std::atoi(argv[i])));
  if (copies.empty()) copies = {7, 70};
  return strata::fhir::search::Main(argc > 1 ? argv[1] : STRATA_PATIENTS, copies);
}
