#include "plugins/data_fhir/index/id_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace strata::fhir::index {
namespace {

constexpr std::string_view kCharacters =
    "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHex = "0123456789abcdef";

class Ids {
 public:
  explicit Ids(unsigned seed) : random_(seed) {}

  std::string Text(std::string_view characters, std::size_t size) {
    std::string text;
    while (text.size() < size) text.push_back(characters[random_() % characters.size()]);
    return text;
  }
  std::string Uuid() {
    return Text(kHex, 8) + '-' + Text(kHex, 4) + '-' + Text(kHex, 4) + '-' + Text(kHex, 4) + '-' +
           Text(kHex, 12);
  }
  // A UUID, its beginning, or one that differs from it somewhere; also ids of any kind.
  std::string Next(const std::string& like) {
    std::string id = like;
    switch (random_() % 6) {
      case 0:
        return Uuid();
      case 1:
        return Text(kCharacters, 1 + random_() % 64);
      case 2:
        id.resize(1 + random_() % id.size());
        return id;
      case 3:
        id.resize(1 + random_() % std::min<std::size_t>(id.size(), 15));
        return id + Text(kCharacters, 1 + random_() % 4);
      case 4:
        id[random_() % id.size()] = kCharacters[random_() % kCharacters.size()];
        return id;
      default:
        id[random_() % id.size()] = kHex[random_() % kHex.size()];
        return id;
    }
  }

 private:
  std::mt19937 random_;
};

TEST(IdOrder, IsThatOfTheTexts) {
  Ids ids(11);
  std::string like = ids.Uuid();
  for (int i = 0; i < 200'000; ++i) {
    if (i % 50 == 0) like = ids.Uuid();
    std::string a = ids.Next(like);
    std::string b = ids.Next(like);
    if (b < a) std::swap(a, b);
    ASSERT_LE(IdOrder(a), IdOrder(b)) << a << " " << b;
  }
}

TEST(IdOrder, TellsApartAllButUuidsThatBeginAlike) {
  Ids ids(12);
  const std::string like = ids.Text(kCharacters, 12);
  for (int i = 0; i < 50'000; ++i) {
    const std::string a = ids.Next(like).substr(0, 13);
    const std::string b = ids.Next(like).substr(0, 13);
    ASSERT_EQ(a == b, IdOrder(a) == IdOrder(b)) << a << " " << b;
  }
  EXPECT_EQ(IdOrder("0b5e2c1a-77aa-4b1c-9d3e-000000000001"),
            IdOrder("0b5e2c1a-77aa-5000-0000-000000000000"));
  EXPECT_NE(IdOrder("0b5e2c1a-77aa-4b1c-9d3e-000000000001"),
            IdOrder("0b5e2c1a-77ab-4b1c-9d3e-000000000001"));
  // Dates and counters are no UUIDs.
  EXPECT_NE(IdOrder("20240115-0000001"), IdOrder("20240115-0000002"));
}

// A value that began another one would put its resources among those of the other.
TEST(IdOrder, EndsItself) {
  Ids ids(13);
  std::vector<std::string> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(IdOrder(ids.Text("-.09AZafgz", 1 + static_cast<std::size_t>(i) % 5)));
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (std::size_t i = 1; i < values.size(); ++i) {
    EXPECT_FALSE(values[i].starts_with(values[i - 1]));
  }
}

TEST(IdOrder, IsShort) {
  EXPECT_EQ(IdOrder("0b5e2c1a-77aa-4b1c-9d3e-000000000001").size(), 9U);
  EXPECT_EQ(IdOrder("1").size(), 2U);
  EXPECT_EQ(IdOrder(std::string(64, 'Z')).size(), (64 * 10 + 5 + 7) / 8);
}

// Stored: never change.
TEST(IdOrder, IsFrozen) {
  EXPECT_EQ(IdOrder("a1"), std::string("\x71\x00", 2));
  EXPECT_EQ(IdOrder("-.Zz"), std::string("\x08\x9b\x9a\x4c\x00", 5));
}

}  // namespace
}  // namespace strata::fhir::index
