#pragma once

#include <string>
#include <vector>

namespace strata::cli {

// A table for a terminal: columns as wide as their widest cell, trailing blanks left out.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

  // As many cells as the header has.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "85 us", "1.2 ms", "-" for 0.
std::string FormatMicroseconds(double microseconds);

}  // namespace strata::cli
