#include "core/cli/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace strata::cli {

std::string Table::ToString() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string FormatMicroseconds(double microseconds) {
  if (microseconds <= 0) return "-";
  std::array<char, 32> text{};
  const bool large = microseconds >= 1000;
  std::snprintf(text.data(), text.size(), large ? "%.1f ms" : "%.1f us",
                large ? microseconds / 1000 : microseconds);
  return text.data();
}

}  // namespace strata::cli
