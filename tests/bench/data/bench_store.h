#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strata/data/v1/data.strata.h"
#include "strata/function_ref.h"
#include "tests/support/fake_host.h"

// The record over SQLite, and what is imported into it, for benchmarks.
namespace strata::bench {

// The record over SQLite in a folder of its own, which goes with it, or in one that stays.
// STRATA_BENCH_HOSTING: settings of hosting_sqlite (JSON).
class Stack {
 public:
  explicit Stack(std::optional<std::filesystem::path> folder = std::nullopt);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void Stop() { host_.reset(); }
  data::v1::DataClient Client() { return data::v1::DataClient(host_->Client(), "records"); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  bool stays_;
  std::optional<testing::FakeHost> host_;
};

// The texts of an import: the files of a folder (*.json, *.json.zst), again and again, under new
// patients' identifiers and at later times of the day, until enough resources are in. Files that
// begin with 0- (hospitals, practitioners) come once, and first.
class Texts {
 public:
  // `done`: what position() said when an earlier import ended.
  Texts(const std::filesystem::path& folder, std::uint64_t wanted,
        std::pair<std::uint64_t, std::uint64_t> done = {});

  // false: enough were given.
  bool Next(std::string* text);
  // Files that were given, and the resources in them.
  std::pair<std::uint64_t, std::uint64_t> position() const { return {files_given_, sent_}; }

 private:
  bool Step();
  void Renumber(const std::string& name, std::string* text) const;

  std::vector<std::filesystem::path> files_;
  std::uint64_t wanted_;
  std::size_t next_ = 0;
  unsigned long round_ = 0;
  std::uint64_t files_given_ = 0;
  std::uint64_t sent_ = 0;
};

// Imports texts as items that hold a piece each.
class Sender {
 public:
  Sender(data::v1::DataClient& client, const Context& cx) : client_(client), cx_(cx) {}

  // `next` fills the next text, false at the end. false: the import failed, as was printed.
  bool Run(FunctionRef<bool(std::string*)> next);

  std::uint64_t resources = 0;
  std::uint64_t faults = 0;

 private:
  data::v1::DataClient& client_;
  const Context& cx_;
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t item_ = 0;
};

// Of this process, so far.
long PeakKilobytes();
std::uint64_t FolderBytes(const std::filesystem::path& folder);

}  // namespace strata::bench
