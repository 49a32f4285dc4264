#include "storage/replica/compare.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/rows.h"

namespace strata::storage::replica {
namespace {

namespace v1 = hosting::v1;

// Rows of one side of a slice; owns the chunks.
struct Slice {
  std::vector<std::string> chunks;
  std::vector<Row> rows;
  RowDigest digest;
  std::string end;  // where the next slice begins; empty: there is none
};

class Comparison {
 public:
  Comparison(const Stores& stores, const Context& context, const CompareOptions& options)
      : stores_(stores), context_(context), options_(options) {}

  Result<CompareResult> Run() {
    std::string at;
    do {
      Slice source;
      Slice target;
      STRATA_RETURN_IF_ERROR(Read(*stores_.source, at, {}, &source));
      STRATA_RETURN_IF_ERROR(Read(*stores_.target, at, source.end, &target));
      result_.source.Add(source.digest);
      result_.target.Add(target.digest);
      if (!(source.digest == target.digest)) Doubt(source, target);
      at = source.end;
    } while (!at.empty() && doubts_.size() <= options_.most_doubts);
    if (!doubts_.empty()) {
      STRATA_RETURN_IF_ERROR(options_.at_rest([this] { return Recheck(); }));
    }
    return result_;
  }

 private:
  // Up to `end`, or when that is empty, as much as a slice takes.
  Status Read(const v1::HostingClient& store, const std::string& begin, const std::string& end,
              Slice* slice) {
    v1::ScanRequest scan;
    scan.set_begin(begin);
    scan.set_end(end);
    std::size_t bytes = 0;
    bool full = false;
    STRATA_RETURN_IF_ERROR(store.Scan(context_, scan, [&](v1::ScanResponse& chunk) {
      bytes += chunk.rows().size();
      slice->chunks.push_back(std::move(*chunk.mutable_rows()));
      full = end.empty() && bytes >= options_.slice_bytes;
      return !full;
    }));
    for (const std::string& chunk : slice->chunks) {
      RowReader reader(chunk);
      for (Row row; reader.Next(&row);) {
        slice->digest.Add(row);
        slice->rows.push_back(row);
      }
    }
    if (full && !slice->rows.empty()) slice->end = std::string(slice->rows.back().key) + '\0';
    return OkStatus();
  }

  // Keeps the keys of rows that are not the same on both sides.
  void Doubt(const Slice& source, const Slice& target) {
    auto a = source.rows.begin();
    auto b = target.rows.begin();
    while (a != source.rows.end() || b != target.rows.end()) {
      const bool only_a = b == target.rows.end() || (a != source.rows.end() && a->key < b->key);
      const bool only_b = a == source.rows.end() || (b != target.rows.end() && b->key < a->key);
      if (only_a || only_b || a->version != b->version || a->value != b->value) {
        doubts_.emplace(only_b ? b->key : a->key);
      }
      if (!only_b) ++a;
      if (!only_a) ++b;
    }
  }

  Status Recheck() {
    for (const std::string& key : doubts_) {
      v1::GetRequest request;
      request.add_keys(key);
      v1::GetResponse source;
      v1::GetResponse target;
      STRATA_RETURN_IF_ERROR(stores_.source->Get(context_, request, &source));
      STRATA_RETURN_IF_ERROR(stores_.target->Get(context_, request, &target));
      Count(source.entries(0), target.entries(0));
    }
    return OkStatus();
  }

  void Count(const v1::Entry& source, const v1::Entry& target) {
    if (source.version() == target.version() && source.value() == target.value()) return;
    if (target.version() == 0) {
      ++result_.missing;
    } else if (source.version() == 0) {
      ++result_.surplus;
    } else {
      ++result_.different;
    }
  }

  const Stores& stores_;
  const Context& context_;
  const CompareOptions& options_;
  CompareResult result_;
  std::set<std::string> doubts_;
};

}  // namespace

Result<CompareResult> Compare(const Stores& stores, const Context& context,
                              const CompareOptions& options) {
  return Comparison(stores, context, options).Run();
}

}  // namespace strata::storage::replica
