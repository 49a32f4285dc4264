#include "core/cli/table.h"

#include <gtest/gtest.h>

#include "core/cli/progress.h"

namespace strata::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"A", "B"});
  table.Add({"long cell", "x"});

  EXPECT_EQ(table.ToString(), "A          B\nlong cell  x\n");
}

TEST(Table, DurationsAreReadable) {
  EXPECT_EQ(FormatMicroseconds(0), "-");
  EXPECT_EQ(FormatMicroseconds(85.04), "85.0 us");
  EXPECT_EQ(FormatMicroseconds(1234), "1.2 ms");
  EXPECT_EQ(FormatSeconds(65), "1m05s");
}

}  // namespace
}  // namespace strata::cli
