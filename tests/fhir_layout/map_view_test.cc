#include "tests/fhir_layout/map_view.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::fhir::layout {
namespace {

std::vector<ResourceNumber> Find(View& view, std::string_view value, bool reverse = false) {
  const std::string prefix =
      IndexPrefix(TypeNumberOf("Patient"), ParameterNumberOf("gender"), value);
  std::vector<ResourceNumber> found;
  EXPECT_TRUE(ScanIndex(view, prefix, prefix + "\xff", reverse, [&](const IndexKeyParts& parts) {
                found.push_back(parts.n);
                return true;
              }).ok());
  return found;
}

std::string Read(View& view, ResourceNumber n) {
  std::string json = "not called";
  const ResourceNumber numbers[] = {n};
  EXPECT_TRUE(view.ReadResources(numbers, true,
                                 [&](std::size_t, const StoredResource& resource) {
                                   json = resource.header == nullptr ? "absent"
                                                                     : std::string(resource.json);
                                   return OkStatus();
                                 })
                  .ok());
  return json;
}

TEST(MapView, IndexScansSeeTheMomentOfTheView) {
  MapStore store;
  const ParameterNumber gender = ParameterNumberOf("gender");
  store.PutIndex("Patient", gender, "male", 1);
  store.PutIndex("Patient", gender, "male", 2);
  const std::uint64_t first = store.Commit();
  store.EndIndex("Patient", gender, "male", 1);
  const std::uint64_t second = store.Commit();
  store.PutIndex("Patient", gender, "male", 1);
  const std::uint64_t third = store.Commit();

  MapView at_first(store, first), at_second(store, second), at_third(store, third);

  EXPECT_EQ(Find(at_first, "male"), (std::vector<ResourceNumber>{1, 2}));
  EXPECT_EQ(Find(at_second, "male"), (std::vector<ResourceNumber>{2}));
  EXPECT_EQ(Find(at_third, "male", /*reverse=*/true), (std::vector<ResourceNumber>{2, 1}));
}

TEST(MapView, ResourcesAreReadAsOfTheMomentOfTheView) {
  MapStore store;
  store.PutResource(7, "Patient", "a", R"({"v":1})");
  const std::uint64_t first = store.Commit();
  store.PutResource(7, "Patient", "a", R"({"v":2})", Change::kUpdated);
  const std::uint64_t second = store.Commit();

  MapView before(store, first - 1), at_first(store, first), at_second(store, second);

  EXPECT_EQ(Read(before, 7), "absent");
  EXPECT_EQ(Read(at_first, 7), R"({"v":1})");
  EXPECT_EQ(Read(at_second, 7), R"({"v":2})");
}

}  // namespace
}  // namespace strata::fhir::layout
