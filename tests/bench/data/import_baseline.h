#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace strata::bench {

// What an import cannot do without, as a plain loop of one thread: parse a file, write the rows
// that the store got for it into a SQLite table of the same shape, commit with full durability.
struct Baseline {
  double seconds = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // of their keys and values
};

// `store` is the folder of a store that was stopped; its rows are read first, which does not count.
// `next` fills the next file's text, false at the end; `scratch` is a folder for the new database.
// nullopt: SQLite or the parser failed.
std::optional<Baseline> RunBaseline(const std::filesystem::path& store,
                                    const std::filesystem::path& scratch,
                                    const std::function<bool(std::string*)>& next);

}  // namespace strata::bench
