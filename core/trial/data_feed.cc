#include <chrono>
#include <deque>
#include <utility>

#include "core/trial/exceptions.h"
#include "core/trial/feed.h"
#include "core/trial/shadow_tap.h"
#include "core/trial/transfer.h"
#include "core/trial/write_log.h"
#include "strata/data/v1/data.pb.h"

namespace strata::trial {
namespace {

namespace v1 = data::v1;

constexpr std::string_view kService = "/strata.data.v1.Data/";
constexpr std::chrono::hours kFillTimeout{24};
constexpr std::chrono::minutes kFollowTimeout{5};
constexpr std::size_t kReadAhead = 512;
constexpr std::size_t kMessageBytes = std::size_t{1} << 20;

class DataFeed final : public Feed {
 public:
  explicit DataFeed(FeedEnds ends) : ends_(std::move(ends)) {}

  Status Fill() override {
    STRATA_RETURN_IF_ERROR(Describe());
    StackCall from = Call(ends_.live_slot, "Export", kFillTimeout);
    v1::ExportRequest all;
    all.set_all_versions(versions_);
    from.requests.push_back(all.SerializeAsString());
    StackCall to = Call(ends_.side_slot, "Import", kFillTimeout);
    std::uint64_t faults = 0;
    to.on_response = [&](std::string_view message) {
      v1::ImportResponse response;
      response.ParseFromArray(message.data(), static_cast<int>(message.size()));
      faults += static_cast<std::uint64_t>(response.faults_size());
      return true;
    };
    STRATA_RETURN_IF_ERROR(Transfer(
        ends_.live, std::move(from), ends_.side, std::move(to),
        [this](std::string_view message, std::string* out) { return Translate(message, out); }));
    if (faults == 0) return OkStatus();
    return FailedPrecondition("the candidate refuses " + std::to_string(faults) +
                              " of the live records");
  }

  Status Follow(const Gate& gate) override {
    const ShadowTap::Aside aside;
    STRATA_RETURN_IF_ERROR(Import());  // What could not be sent the last time.
    bool read = true;
    while (true) {
      STRATA_RETURN_IF_ERROR(Apply(gate));
      if (!pending_.empty() || !read) return OkStatus();
      STRATA_ASSIGN_OR_RETURN(read, Read());
    }
  }

  bool Excuses(std::string_view path) const override { return !versions_ && DiffersByImport(path); }

 private:
  StackCall Call(const std::string& slot, std::string_view method,
                 std::chrono::milliseconds timeout) const {
    StackCall out;
    out.slot = slot;
    out.method = std::string(kService).append(method);
    out.timeout = timeout;
    out.cancelled = [this] { return ends_.stop.load(); };
    return out;
  }

  // How the candidate takes records.
  Status Describe() {
    StackCall call = Call(ends_.side_slot, "Describe", kFollowTimeout);
    call.requests.push_back(v1::DescribeRequest().SerializeAsString());
    call.on_response = [this](std::string_view message) {
      v1::DescribeResponse response;
      response.ParseFromArray(message.data(), static_cast<int>(message.size()));
      versions_ = response.import_versions();
      return true;
    };
    const Status status = CallStack(ends_.side, call);
    return status.code() == Code::kUnimplemented ? OkStatus() : status;
  }

  // An answer of Export as a request of Import; false: nothing to import in it.
  bool Translate(std::string_view message, std::string* out) {
    v1::ExportResponse from;
    from.ParseFromArray(message.data(), static_cast<int>(message.size()));
    if (!from.watch_cursor().empty()) cursor_ = from.watch_cursor();
    v1::ImportRequest to;
    for (v1::Resource& resource : *from.mutable_resources()) {
      if (versions_ || !resource.json().empty()) Add(&resource, &to);
    }
    *out = to.SerializeAsString();
    return to.items_size() > 0;
  }

  void Add(v1::Resource* resource, v1::ImportRequest* to) {
    v1::ImportItem* const item = to->add_items();
    item->set_item(++items_);
    if (versions_) {
      item->mutable_version()->Swap(resource);
    } else {
      item->set_json(std::move(*resource->mutable_json()));
    }
  }

  // The next changes into `pending_`; false: there was nothing new.
  Result<bool> Read() {
    v1::WatchRequest request;
    request.set_cursor(cursor_);
    request.set_with_json(true);
    request.set_stop_at_end(true);
    StackCall watch = Call(ends_.live_slot, "Watch", kFollowTimeout);
    watch.requests.push_back(request.SerializeAsString());
    bool enough = false;
    watch.on_response = [&](std::string_view message) {
      v1::WatchResponse response;
      response.ParseFromArray(message.data(), static_cast<int>(message.size()));
      for (v1::Resource& resource : *response.mutable_resources()) {
        pending_.push_back(std::move(resource));
      }
      // Between two of them, no cursor would lead to the rest of a commit.
      if (!response.cursor().empty()) cursor_ = response.cursor();
      enough = !response.cursor().empty() && pending_.size() >= kReadAhead;
      return !enough;
    };
    const Status watched = CallStack(ends_.live, watch);
    if (!watched.ok() && !enough) return watched;
    return !pending_.empty();
  }

  // What is pending, as far as the gate lets it: imports are gathered until a deletion comes that
  // the candidate takes only as a call of its own.
  Status Apply(const Gate& gate) {
    std::size_t bytes = 0;
    while (!pending_.empty()) {
      v1::Resource& resource = pending_.front();
      if (!gate(ChangeOfResource(resource.type(), resource.id(), resource.version_id()))) break;
      if (!versions_ && resource.change() == v1::CHANGE_DELETED) {
        STRATA_RETURN_IF_ERROR(Import());
        STRATA_RETURN_IF_ERROR(Delete(resource));
      } else {
        bytes += resource.json().size();
        Add(&resource, &unsent_);
      }
      pending_.pop_front();
      if (bytes < kMessageBytes) continue;
      STRATA_RETURN_IF_ERROR(Import());
      bytes = 0;
    }
    return Import();
  }

  // A version that is sent twice does no harm; a plain resource might become two versions.
  Status Import() {
    if (unsent_.items_size() == 0) return OkStatus();
    StackCall call = Call(ends_.side_slot, "Import", kFollowTimeout);
    call.requests.push_back(unsent_.SerializeAsString());
    int faults = 0;
    call.on_response = [&](std::string_view message) {
      v1::ImportResponse answer;
      answer.ParseFromArray(message.data(), static_cast<int>(message.size()));
      faults += answer.faults_size();
      return true;
    };
    const Status sent = CallStack(ends_.side, call);
    if (!sent.ok() && !versions_) return DataLoss("an import broke off: " + sent.message());
    STRATA_RETURN_IF_ERROR(sent);
    if (faults > 0) return FailedPrecondition("the candidate refuses a record that the live has");
    unsent_.Clear();
    return OkStatus();
  }

  Status Delete(const v1::Resource& resource) {
    v1::DeleteRequest request;
    request.set_type(resource.type());
    request.set_id(resource.id());
    StackCall call = Call(ends_.side_slot, "Delete", kFollowTimeout);
    call.requests.push_back(request.SerializeAsString());
    const Status status = CallStack(ends_.side, call);
    return status.code() == Code::kNotFound ? OkStatus() : status;
  }

  const FeedEnds ends_;
  std::string cursor_;  // Behind what is pending.
  std::deque<v1::Resource> pending_;
  std::uint64_t items_ = 0;
  v1::ImportRequest unsent_;  // Past the gate.
  bool versions_ = false;     // Every version as it is, deletions too; else what is current.
};

}  // namespace

std::unique_ptr<Feed> MakeDataFeed(FeedEnds ends) {
  return std::make_unique<DataFeed>(std::move(ends));
}

}  // namespace strata::trial
