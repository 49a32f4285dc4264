// A hosting plugin in about 40 lines: keys and values in a map, atomic commits. What it does not
// have (snapshots, watch, backup: RPCs that are not overridden) answers UNIMPLEMENTED by itself;
// plugins/hosting_memory has it all.
#include <strata/plugin.h>

#include <map>
#include <mutex>

#include "core/base/rows.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace v1 = strata::hosting::v1;
using strata::Context, strata::Status;

class MapStore final : public v1::HostingService {
 public:
  MapStore(strata::Host host, std::string_view /*config*/) : created_us_(host.NowUs()) {}

  Status Describe(Context&, const v1::DescribeRequest&, v1::DescribeResponse* out) override {
    out->set_engine("map");
    out->set_store_id("map-" + std::to_string(created_us_));
    out->set_durability(v1::DURABILITY_NONE);
    return {};
  }

  Status Get(Context&, const v1::GetRequest& request, v1::GetResponse* out) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const std::string& key : request.keys()) *out->add_entries() = Find(key);
    out->set_view_version(version_);
    return {};
  }

  Status Scan(Context& cx, const v1::ScanRequest& request,
              strata::Writer<v1::ScanResponse>& writer) override {
    if (request.reverse()) return strata::Unimplemented("this store scans forwards only");
    const std::lock_guard<std::mutex> lock(mutex_);
    std::uint64_t left = request.limit() == 0 ? UINT64_MAX : request.limit();
    for (auto row = rows_.lower_bound(request.begin()); row != rows_.end() && left > 0; ++row) {
      if (!request.end().empty() && row->first >= request.end()) break;
      v1::ScanResponse chunk;
      strata::AppendRow(chunk.mutable_rows(), {row->first, row->second.version(),
                                               request.keys_only() ? "" : row->second.value()});
      chunk.set_row_count(1);
      chunk.set_view_version(version_);
      if (cx.Cancelled() || !writer.Write(chunk)) break;
      --left;
    }
    return {};
  }

  Status Commit(Context&, const v1::CommitRequest& request, v1::CommitResponse* out) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const v1::Precondition& p : request.preconditions()) {
      if (!p.has_key_absent() && !p.has_key_at_version()) return strata::Unimplemented("condition");
      const std::string& key = p.has_key_absent() ? p.key_absent() : p.key_at_version().key();
      if (Find(key).version() != p.key_at_version().version()) return strata::Aborted("conflict");
    }
    for (const v1::Mutation& m : request.mutations()) {
      if (!m.has_put() && !m.has_delete_key()) return strata::Unimplemented("mutation");
    }
    out->set_version(++version_);
    for (const v1::Mutation& m : request.mutations()) {
      rows_.erase(m.has_put() ? m.put().key() : m.delete_key());
      if (!m.has_put()) continue;
      rows_[m.put().key()].set_version(version_);
      rows_[m.put().key()].set_value(m.put().value());
    }
    return {};
  }

 private:
  v1::Entry Find(const std::string& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? v1::Entry() : found->second;
  }

  const std::int64_t created_us_;
  std::mutex mutex_;
  std::map<std::string, v1::Entry> rows_;
  std::uint64_t version_ = 0;
};

STRATA_PLUGIN(MapStore, "strata.example.map_store", "1.0.0")
