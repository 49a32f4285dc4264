// A complete store plugin with every kind of RPC, in memory.
#include <strata/plugin.h>

#include <map>
#include <mutex>
#include <string>

#include "sdktest/v1/store.strata.h"

namespace sdktest::v1 {

class MemStore final : public StoreService {
 public:
  MemStore(strata::Host host, std::string_view config) {
    if (config.empty()) throw strata::StatusError(strata::InvalidArgument("config is empty"));
    host.Info("memstore.created", {{"config_bytes", config.size()}});
  }

  strata::Status Get(strata::Context&, const GetRequest& request, Record* record) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = records_.find(request.id());
    if (found == records_.end()) return strata::NotFound("no record " + request.id());
    *record = found->second;
    return {};
  }

  strata::Status Scan(strata::Context& cx, const ScanRequest& request,
                      strata::Writer<Record>& writer) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::uint32_t left = request.limit();
    for (auto it = records_.lower_bound(request.first_id()); it != records_.end() && left > 0;
         ++it, --left) {
      if (cx.Cancelled() || !writer.Write(it->second)) break;
    }
    return {};
  }

  strata::Status Put(strata::Context&, strata::Reader<Record>& reader,
                     PutResponse* response) override {
    std::map<std::string, Record> staged;
    STRATA_RETURN_IF_ERROR(reader.ForEach([&](Record& record) {
      staged[record.id()] = std::move(record);
      return strata::OkStatus();
    }));
    const std::lock_guard<std::mutex> lock(mutex_);
    response->set_stored(static_cast<std::uint32_t>(staged.size()));
    for (auto& [id, record] : staged) records_[id] = std::move(record);
    return {};
  }

  strata::Status Converse(strata::Context& cx, strata::Reader<GetRequest>& reader,
                          strata::Writer<Record>& writer) override {
    return reader.ForEach([&](GetRequest& request) -> strata::Status {
      Record record;
      STRATA_RETURN_IF_ERROR(Get(cx, request, &record));
      return writer.Write(record) ? strata::OkStatus() : strata::Cancelled("the caller is gone");
    });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Record> records_;
};

}  // namespace sdktest::v1

STRATA_PLUGIN(sdktest::v1::MemStore, "sdktest.memstore", "1.0.0")
