#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::fhir::store {

// A row as the hosting layer holds it; version 0 when the key is absent.
struct HostedRow {
  std::uint64_t version = 0;
  std::string value;
};

// What a commit asks for and does. Rows are put in the order of their keys, which is what an
// ordered store takes best. Single-threaded.
class RowChanges final {
 public:
  static constexpr std::uint32_t kNoStamp = UINT32_MAX;

  void Put(std::string key, std::string value, std::uint32_t stamp_key_at = kNoStamp);
  void Erase(std::string key);
  void RequireAbsent(std::string key);
  void RequireVersion(std::string key, std::uint64_t version);
  // The row as it was read: absent (version 0) or at its version.
  void RequireUnchanged(std::string key, std::uint64_t version);

  bool empty() const { return rows_.empty(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t row_count() const { return rows_.size(); }

 private:
  friend class Hosting;
  struct Row {
    std::string key;
    std::optional<std::string> value;  // nothing: erase
    std::uint32_t stamp_key_at = kNoStamp;
  };
  struct Requirement {
    std::string key;
    std::uint64_t version = 0;  // 0: absent
  };
  std::vector<Row> rows_;
  std::vector<Requirement> requirements_;
  std::size_t bytes_ = 0;
};

// The hosting layer in the words of this plugin. Codes are the hosting layer's
// (proto/strata/hosting/v1/README.md). Blocks. Thread-safe.
class Hosting final {
 public:
  explicit Hosting(hosting::v1::HostingClient client) : client_(std::move(client)) {}

  // Latest rows, in the order of the keys. Splits what might not fit into one message, so rows of
  // different keys may come from different commits. `view_version`, when given, is the version of
  // the first view that was read.
  Result<std::vector<HostedRow>> Get(const Context& cx, std::span<const std::string> keys,
                                     std::uint64_t* view_version = nullptr) const;
  Result<HostedRow> GetOne(const Context& cx, std::string_view key,
                           std::uint64_t* view_version = nullptr) const;
  // Version of the latest commit.
  Result<std::uint64_t> LatestVersion(const Context& cx) const;

  struct ScanRange {
    std::string_view begin;
    std::string_view end;  // exclusive; empty: to the last key
    bool reverse = false;
    bool keys_only = false;
    std::uint64_t limit = 0;  // 0: none
  };
  using RowVisitor =
      FunctionRef<bool(std::string_view key, std::uint64_t version, std::string_view value)>;
  // The visitor answers false to stop. Rows are borrowed for its time. `view_version`, when given
  // and empty, is set to the version of the view that was read, before any row of it is shown; it
  // stays empty when the hosting layer answers nothing at all.
  Status Scan(const Context& cx, const ScanRange& range, RowVisitor visit,
              std::optional<std::uint64_t>* view_version = nullptr) const;

  // Answers the version of the commit. ABORTED: a requirement does not hold.
  Result<std::uint64_t> Commit(const Context& cx, RowChanges changes) const;

  const hosting::v1::HostingClient& client() const { return client_; }

 private:
  hosting::v1::HostingClient client_;
};

}  // namespace strata::fhir::store
