#include "tests/support/faulty_hosting.h"

#include <strata/plugin.h>

#include "core/base/rows.h"
#include "storage/service/stream_relay.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::testing {

void Faults::Clear() {
  writes = false;
  everything = false;
  writes_left = -1;
  untold = 0;
  cut_scans = 0;
  gets_until_meanwhile = 0;
  describes_until_meanwhile = 0;
  meanwhile = nullptr;
  lose = false;
}

Faults& TheFaults() {
  static Faults faults;
  return faults;
}

namespace {

namespace v1 = strata::hosting::v1;

class FaultyHosting final : public v1::HostingService {
 public:
  explicit FaultyHosting(Host host, std::string_view) : store_(host, "store") {}

  Status Describe(Context& context, const v1::DescribeRequest& request,
                  v1::DescribeResponse* response) override {
    STRATA_RETURN_IF_ERROR(Check(false));
    Meanwhile(&TheFaults().describes_until_meanwhile);
    return store_.Describe(context, request, response);
  }
  Status Get(Context& context, const v1::GetRequest& request, v1::GetResponse* response) override {
    STRATA_RETURN_IF_ERROR(Check(false));
    Meanwhile(&TheFaults().gets_until_meanwhile);
    return store_.Get(context, request, response);
  }
  Status Scan(Context& context, const v1::ScanRequest& request,
              Writer<v1::ScanResponse>& writer) override {
    STRATA_RETURN_IF_ERROR(Check(false));
    const bool cut = TakeOne(&TheFaults().cut_scans);
    const Status scanned = store_.Scan(
        context, request, [&](v1::ScanResponse& row) { return writer.Write(row) && !cut; });
    return cut ? BrokenOff() : scanned;
  }
  Status Watch(Context& context, const v1::WatchRequest& request,
               Writer<v1::WatchResponse>& writer) override {
    STRATA_RETURN_IF_ERROR(Check(false));
    return store_.Watch(context, request,
                        [&](v1::WatchResponse& row) { return writer.Write(row); });
  }
  Status Commit(Context& context, const v1::CommitRequest& request,
                v1::CommitResponse* response) override {
    STRATA_RETURN_IF_ERROR(Check(true));
    STRATA_RETURN_IF_ERROR(store_.Commit(context, request, response));
    return TakeOne(&TheFaults().untold) ? BrokenOff() : OkStatus();
  }
  Status Ingest(Context& context, Reader<v1::IngestRequest>& reader,
                v1::IngestResponse* response) override {
    STRATA_RETURN_IF_ERROR(Check(true));
    bool lose = TheFaults().lose;
    const auto change = [&](v1::IngestRequest* message) {
      if (lose) lose = !Lose(message);
      return OkStatus();
    };
    return storage::service::RelayStream(
        reader, change, [&](auto source) { return store_.Ingest(context, source, response); });
  }
  Status Rewrite(Context& context, const v1::RewriteRequest& request,
                 v1::RewriteResponse* response) override {
    STRATA_RETURN_IF_ERROR(Check(true));
    return store_.Rewrite(context, request, response);
  }

 private:
  static Status BrokenOff() { return Unavailable("the store breaks off, as the test asked for"); }

  static bool TakeOne(std::atomic<int>* left) {
    int now = *left;
    while (now > 0 && !left->compare_exchange_weak(now, now - 1)) continue;
    return now > 0;
  }

  static void Meanwhile(std::atomic<int>* left) {
    if (TakeOne(left) && *left == 0) TheFaults().meanwhile();
  }

  static Status Check(bool write) {
    Faults& faults = TheFaults();
    bool fails = faults.everything || (write && faults.writes);
    if (write && faults.writes_left == 0) fails = true;
    if (write && faults.writes_left > 0) --faults.writes_left;
    return fails ? Unavailable("the store fails, as the test asked for") : OkStatus();
  }

  // Whether there was something to lose.
  static bool Lose(v1::IngestRequest* message) {
    std::string kept;
    RowReader reader(message->rows());
    bool lost = false;
    for (Row row; reader.Next(&row); lost = true) {
      if (lost) AppendRow(&kept, row);
    }
    if (lost) message->set_rows(kept);
    return lost;
  }

  const v1::HostingClient store_;
};

}  // namespace
}  // namespace strata::testing

extern "C" const strata_plugin* strata_plugin_faulty_hosting(std::uint32_t /*host_abi_minor*/) {
  return strata::sdk::PluginTable<strata::testing::FaultyHosting,
                                  strata::hosting::v1::HostingService>::Get({"test.faulty_hosting",
                                                                             "1.0.0", "hosting"});
}
