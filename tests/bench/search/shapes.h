#pragma once

#include <string>
#include <vector>

#include "strata/data/v1/data.pb.h"

// The mix of searches that benchmarks ask.
namespace strata::bench {

// A patient of the store.
struct Person {
  std::string id;
  std::string identifier;  // that nobody else has
  std::string family;
};

// One kind of search, asked with values of many patients.
struct Shape {
  const char* name;
  std::vector<data::v1::SearchRequest> requests;
  bool grows = false;  // by its nature: it counts what there is
};

// `codes`: those that observations have, most of them.
std::vector<Shape> ShapesFor(const std::vector<Person>& people,
                             const std::vector<std::string>& codes);

}  // namespace strata::bench
