#include "tests/bench/search/shapes.h"

#include "tests/fhir_search/request.h"

namespace strata::bench {
namespace {

using fhir::search::RequestOf;

// `count` values of one element of the observations' codes or of patients' identifiers, as a list.
std::string Joined(const std::vector<std::string>& values, std::size_t from, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) list.push_back(',');
    list.append(values[(from + i) % values.size()]);
  }
  return list;
}

}  // namespace

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
    add("chained, wide, newest 20",
        "Observation?patient.gender=female&" + pressure + "&_sort=-date&_count=20");
    add("_has, wide, by birth date",
        "Patient?_has:Observation:patient:" + pressure + "&_sort=birthdate&_count=20");
    add("_has of a date, by family",
        "Patient?_has:Encounter:patient:date=ge2015&_sort=family,-birthdate&_count=20");
    add("two dates, newest 20",
        "Encounter?date=ge2015-03-01&date=lt2015-04-01&_sort=-date&_count=20");
    add("one of 50 codes, newest 20",
        "Observation?code=" + Joined(codes, i, 50) + "&_sort=-date&_count=20");
    add("without a quantity, newest 20",
        "Observation?value-quantity:missing=true&_sort=-date&_count=20");
    add("with an encounter, newest 20",
        "Observation?encounter:missing=false&_sort=-date&_count=20");
    add("not of a code, newest 20",
        "Observation?code:not=http://loinc.org|85354-9&_sort=-date&_count=20");
    add("not of a status, first 20", "Encounter?status:not=finished&_count=20");
    add("not of a status, newest 20", "Encounter?status:not=finished&_sort=-date&_count=20");
    add("a status that nothing has", "Observation?status=entered-in-error&_sort=-date&_count=20");
    add("changed since, of a code", "Observation?_lastUpdated=ge2001&" + pressure + "&_count=20");
    add("all by code, oldest first", "Observation?_sort=-code,date&_count=20");
    add("all by category, code, newest", "Observation?_sort=category,-code,-date&_count=20");
    add("of a code and a value, newest 20",
        "Observation?" + pressure + "&component-value-quantity=gt100&_sort=-date&_count=20");
    add("include patient and encounter",
        "Observation?" + of_patient + "&" + pressure +
            "&_include=Observation:patient&_include=Observation:encounter&_count=20");
    add("of a code, newest 20", "Observation?" + pressure + "&_sort=-date&_count=20");
    add("a code of another category",
        "Observation?category=laboratory&" + pressure + "&_sort=-date&_count=20");
    add("how many of another category",
        "Observation?category=laboratory&" + pressure + "&_total=accurate&_count=20");
    add("of a code in a month",
        "Observation?" + pressure + "&date=ge2015-03-01&date=lt2015-04-01&_sort=-date&_count=20");
    add("without a category, newest 20", "Observation?category:missing=true&_sort=-date&_count=20");
    add("of another gender, by birth date",
        "Patient?gender:not=male,female&_sort=birthdate&_count=20");
    add("chained, not, newest 20",
        "Observation?patient.gender:not=male&" + pressure + "&_sort=-date&_count=20");
    add("chained, not, nothing left", "Observation?patient.gender:not=male,female&_count=20");
    add("logic: one of two, newest 20",
        "Observation?_filter=code eq 85354-9 or code eq 8302-2&_sort=-date&_count=20");
    add("logic: not, nothing left",
        "Observation?_filter=not (status eq final)&_sort=-date&_count=20");
    add("what refers to a page of patients",
        "Patient?gender=female&_revinclude=Condition:patient&_count=10");
    add("of a code above a value, newest 20",
        "Observation?code=http://loinc.org|8302-2&value-quantity=gt190&_sort=-date&_count=20");
    add("one of two codes above a value",
        "Observation?code=http://loinc.org|8302-2,http://loinc.org|39156-5"
        "&value-quantity=gt190&_count=20");
    add("encounters of a type, newest 20",
        "Encounter?type=http://snomed.info/sct|50849002&_sort=-date&_count=20");
    add("emergencies since, newest 20", "Encounter?class=EMER&date=ge2015&_sort=-date&_count=20");
    add("conditions of a code, newest 20",
        "Condition?code=http://snomed.info/sct|44054006&_sort=-onset-date&_count=20");
    add("procedures of a code, newest 20",
        "Procedure?code=http://snomed.info/sct|430193006&_sort=-date&_count=20");
    add("reports of a code, oldest 20",
        "DiagnosticReport?code=http://loinc.org|57698-3&_sort=date&_count=20");
    add("vaccines of a code, newest 20",
        "Immunization?vaccine-code=http://hl7.org/fhir/sid/cvx|140&_sort=-date&_count=20");
    add("conditions by text, newest 20",
        "Condition?code:text=diabetes&_sort=-onset-date&_count=20");
    add("a text that nothing has", "Observation?code:text=nothing&_sort=-date&_count=20");
    add("count of a status (grows)", "Observation?status=final&_summary=count");
    shapes.back().grows = true;
  }
  return shapes;
}

}  // namespace strata::bench
