#include "plugins/data_fhir/service/data_service.h"

#include <string>
#include <utility>

#include "core/base/json.h"
#include "plugins/data_fhir/layout/hash.h"
#include "plugins/data_fhir/service/capability.h"
#include "plugins/data_fhir/service/exporter.h"
#include "plugins/data_fhir/service/importer.h"
#include "plugins/data_fhir/service/operations.h"
#include "plugins/data_fhir/service/presentation.h"
#include "plugins/data_fhir/service/searcher.h"
#include "plugins/data_fhir/service/watcher.h"
#include "plugins/data_fhir/store/caller.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/history.h"
#include "plugins/data_fhir/store/stored_json.h"
#include "plugins/data_fhir/store/writer.h"

namespace strata::fhir::service {
namespace {

constexpr auto kControlTimeout = std::chrono::seconds(10);
// A message with this much text is sent.
constexpr std::size_t kMessageBytes = std::size_t{512} << 10;
constexpr std::size_t kMaxBundleBytes = std::size_t{200} << 20;

// Every error leaves with an Outcome, also those of the layer below.
Status Told(Status status) {
  if (status.ok() || !status.details().empty()) return status;
  return store::WithOutcome(status, store::OutcomeOf(status));
}

// Enforces who may call, then runs `work`.
template <typename F>
Status Serve(const Context& cx, F&& work) {
  const Result<store::Caller> caller = store::Identify(cx);
  if (!caller.ok()) return caller.status();
  return Told(work());
}

// The same for what changes nothing: again, once, when the store broke off during it (its process
// ended) and nothing was answered yet.
template <typename F>
Status ServeReading(const Context& cx, const bool& answered, F&& work) {
  return Serve(cx, [&]() -> Status {
    const Status status = work();
    const bool again = status.code() == Code::kUnavailable && !answered && !cx.Cancelled();
    return again ? work() : status;
  });
}
constexpr bool kAtTheEnd = false;  // Its answer is one message.

// How long the links of a search can be followed; the schema has checked the number.
std::chrono::minutes PageRetention(std::string_view config_json) {
  constexpr std::int64_t kDefaultMinutes = 60;
  const auto config = json::Document::Parse(config_json);
  const auto minutes = config.ok() ? config->root()["page_minutes"].int_value() : std::nullopt;
  return std::chrono::minutes(minutes.value_or(kDefaultMinutes));
}

}  // namespace

DataService::DataService(Host host, std::string_view config_json)
    : host_(host),
      store_(
          hosting::v1::HostingClient(host), [host] { return host.NowUs(); },
          [host](layout::View& view, std::string_view type, const store::Parameters& parameters,
                 std::size_t limit) {
            return FindMatches(view, type, parameters, limit, host.NowUs());
          }),
      search_([this](const Context& cx, const data::v1::SearchRequest& request,
                     data::v1::SearchResponse* response) {
        return SearchAll(store_, cx, request, response);
      }),
      operate_([this](const Context& cx, const data::v1::OperateRequest& request) {
        return RunOperation(store_, cx, request);
      }),
      read_([this](const Context& cx, const data::v1::ReadRequest& request,
                   data::v1::ReadResponse* response) {
        return ReadPart(store_, cx, request, response);
      }),
      migrator_(store_),
      reindexer_(store_),
      sweeper_(store_, host, PageRetention(config_json)) {}

Status DataService::Start() {
  const Context cx = Context::Background(kControlTimeout);
  STRATA_RETURN_IF_ERROR(CheckFormat(cx));
  STRATA_RETURN_IF_ERROR(store_.definitions.Refresh(cx).status());
  static_cast<void>(store_.tokens.Prepare(cx));  // Else the first page that needs it tries again.
  reindexer_.Start();
  sweeper_.Start();
  return {};
}

Status DataService::CheckFormat(const Context& cx) {
  const std::string key = layout::MetaKey("format");
  STRATA_ASSIGN_OR_RETURN(store::HostedRow row, store_.hosting.GetOne(cx, key));
  if (row.version == 0) {
    store::RowChanges changes;
    changes.RequireAbsent(key);
    changes.Put(key, std::to_string(store::kFormat));
    const Status written = store_.hosting.Commit(cx, std::move(changes)).status();
    if (!written.ok() && written.code() != Code::kAborted) return written;
    STRATA_ASSIGN_OR_RETURN(row, store_.hosting.GetOne(cx, key));  // ours or another node's
  }
  for (std::uint32_t format = store::kFormatWithoutIdOrder; format <= store::kFormat; ++format) {
    if (row.value != std::to_string(format)) continue;
    store_.definitions.Open(format);
    return {};
  }
  return FailedPrecondition("the store was written in format " + row.value +
                            " of data_fhir, and this release reads and writes formats " +
                            std::to_string(store::kFormatWithoutIdOrder) + " to " +
                            std::to_string(store::kFormat) +
                            " only: export the records with the release that wrote them, and "
                            "import them into an empty store");
}

Result<FormatState> DataService::Format() {
  return migrator_.State(Context::Background(kControlTimeout));
}

Status DataService::WriteFormat(std::uint32_t format) {
  return migrator_.Write(Context::Background(kControlTimeout), format);
}

Result<FormatState> DataService::Migrate(std::chrono::microseconds budget) {
  return migrator_.Step(Context::Background(kControlTimeout), budget);
}

Status DataService::Health() {
  const Context cx = Context::Background(std::chrono::milliseconds(100));
  const Status asked = store_.hosting.LatestVersion(cx).status();
  // A hosting that is only slow is no reason to call the record broken: the core asks again.
  if (asked.code() == Code::kDeadlineExceeded) return Unavailable("its hosting answers slowly");
  return asked;
}

std::string_view DataService::ConfigSchema() {
  return R"({"type":"object","additionalProperties":false,"properties":{)"
         R"("page_minutes":{"type":"integer","minimum":1,"maximum":10080,"default":60}}})";
}

Status DataService::Describe(Context& cx, const data::v1::DescribeRequest&,
                             data::v1::DescribeResponse* response) {
  return Serve(cx, [&]() -> Status {
    STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(cx));
    *response = DescribeCapabilities(set->custom);
    response->set_import_versions(true);
    hosting::v1::DescribeResponse below;
    STRATA_RETURN_IF_ERROR(store_.hosting.client().Describe(cx, {}, &below));
    response->set_store_id(below.store_id());
    return OkStatus();
  });
}

Status DataService::Read(Context& cx, const data::v1::ReadRequest& request,
                         data::v1::ReadResponse* response) {
  return ServeReading(cx, kAtTheEnd, [&]() -> Status {
    response->Clear();
    return ReadPart(store_, cx, request, response);
  });
}

Status DataService::History(Context& cx, const data::v1::HistoryRequest& request,
                            Writer<data::v1::HistoryResponse>& writer) {
  bool answered = false;
  return ServeReading(cx, answered, [&]() -> Status {
    STRATA_ASSIGN_OR_RETURN(const auto subset, SubsetOf(request.parameters(), request.type()));
    data::v1::HistoryResponse message;
    std::uint64_t versions = 0;
    std::size_t bytes = 0;
    bool stopped = false;
    Status broken;
    const auto visit = [&](store::Version& version) {
      auto presented = Presented(version.json, subset, subset::Role::kMatch);
      broken = presented.status();
      if (!broken.ok()) return false;
      version.json = *std::move(presented);
      ++versions;
      bytes += version.json.size();
      store::FillResource(version, message.add_resources());
      if (bytes < kMessageBytes) return true;
      answered = true;
      stopped = !writer.Write(message);
      message.Clear();
      bytes = 0;
      return !stopped;
    };
    store::HistoryLinks links;
    STRATA_RETURN_IF_ERROR(store::History(store_, cx, request, visit, &links));
    STRATA_RETURN_IF_ERROR(broken);
    if (stopped) return {};
    // What one page holds is known to be all.
    if (links.next.empty() && request.page_token().empty()) message.set_total(versions);
    message.set_next_page_token(std::move(links.next));
    message.set_previous_page_token(std::move(links.previous));
    static_cast<void>(writer.Write(message));
    return {};
  });
}

Status DataService::Search(Context& cx, const data::v1::SearchRequest& request,
                           Writer<data::v1::SearchResponse>& writer) {
  bool answered = false;
  return ServeReading(cx, answered, [&] {
    return service::Search(store_, cx, request, [&](data::v1::SearchResponse& message) {
      answered = true;
      return writer.Write(message);
    });
  });
}

Status DataService::Explain(Context& cx, const data::v1::SearchRequest& request,
                            data::v1::ExplainResponse* response) {
  return Serve(cx, [&] { return service::Explain(store_, cx, request, response); });
}

Status DataService::Create(Context& cx, const data::v1::CreateRequest& request,
                           data::v1::WriteResponse* response) {
  return Serve(cx, [&] { return store::Create(store_, cx, request, response); });
}

Status DataService::Update(Context& cx, const data::v1::UpdateRequest& request,
                           data::v1::WriteResponse* response) {
  return Serve(cx, [&] { return store::Update(store_, cx, request, response); });
}

Status DataService::Patch(Context& cx, const data::v1::PatchRequest& request,
                          data::v1::WriteResponse* response) {
  return Serve(cx, [&] { return store::Patch(store_, cx, request, response); });
}

Status DataService::Delete(Context& cx, const data::v1::DeleteRequest& request,
                           data::v1::DeleteResponse* response) {
  return Serve(cx, [&] { return store::Delete(store_, cx, request, response); });
}

Status DataService::Transaction(Context& cx, Reader<data::v1::TransactionRequest>& reader,
                                Writer<data::v1::TransactionResponse>& writer) {
  return Serve(cx, [&]() -> Status {
    std::string text;
    std::string request_id;
    std::string base_url;
    data::v1::Handling handling = data::v1::HANDLING_UNSPECIFIED;
    const Status received = reader.ForEach([&](data::v1::TransactionRequest& part) -> Status {
      if (!part.request_id().empty()) request_id = part.request_id();
      if (!part.base_url().empty()) base_url = part.base_url();
      if (part.handling() != data::v1::HANDLING_UNSPECIFIED) handling = part.handling();
      text.append(part.bundle());
      if (text.size() <= kMaxBundleBytes) return {};
      return store::Fault(Code::kResourceExhausted, "too-long", "the bundle is too large");
    });
    STRATA_RETURN_IF_ERROR(received);
    store::RequestName name{request_id, layout::Hash64(text)};
    Result<json::Document> document =
        json::Document::Parse(store::WithoutByteOrderMark(text), {.max_bytes = kMaxBundleBytes});
    text = {};
    if (!document.ok()) return store::JsonFault(document.status());
    STRATA_ASSIGN_OR_RETURN(const bundle::Bundle bundle,
                            bundle::ParseBundle(document->root(), base_url));
    data::v1::TransactionResponse message;
    message.set_type(bundle.kind == bundle::Kind::kBatch ? "batch" : "transaction");
    std::size_t bytes = 0;
    const auto visit = [&](data::v1::TransactionEntry& entry) {
      bytes += entry.resource().json().size() + entry.bundle_json().size();
      *message.add_entries() = std::move(entry);
      if (bytes < kMessageBytes) return true;
      const bool more = writer.Write(message);
      message.Clear();
      bytes = 0;
      return more;
    };
    bundle::Environment environment{base_url, search_, operate_, CheckOperation, name};
    environment.read = read_;
    environment.capabilities = [&](const Context& context) -> Result<std::string> {
      STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(context));
      return CapabilityStatement(set->custom, base_url);
    };
    environment.handling = handling;
    STRATA_RETURN_IF_ERROR(bundle::Process(store_, cx, bundle, environment, visit));
    if (message.entries_size() > 0 || !message.type().empty()) {
      static_cast<void>(writer.Write(message));
    }
    return {};
  });
}

Status DataService::Operate(Context& cx, Reader<data::v1::OperateRequest>& reader,
                            Writer<data::v1::OperateResponse>& writer) {
  return Serve(cx, [&] { return service::Operate(store_, cx, reader, writer); });
}

Status DataService::Import(Context& cx, Reader<data::v1::ImportRequest>& reader,
                           Writer<data::v1::ImportResponse>& writer) {
  return Serve(cx, [&]() -> Status {
    Importer importer(store_, cx, {{}, search_, operate_, CheckOperation, {}});
    const auto report = [&] {
      ImportProgress progress = importer.TakeProgress();
      if (progress.items == 0 && progress.faults.empty()) return true;
      data::v1::ImportResponse message;
      message.set_items_done(progress.items);
      message.set_resources_done(progress.resources);
      message.set_bytes_done(progress.bytes);
      for (auto& fault : progress.faults) *message.add_faults() = std::move(fault);
      return writer.Write(message);
    };
    ImportText text;
    const Status received = reader.ForEach([&](data::v1::ImportRequest& request) -> Status {
      for (data::v1::ImportItem& item : *request.mutable_items()) {
        if (item.has_version()) {
          STRATA_RETURN_IF_ERROR(importer.Add(GivenText(item.item(), *item.mutable_version())));
          continue;
        }
        text.item = item.item();
        if (text.json.empty()) {
          text.json = std::move(*item.mutable_json());
        } else {
          text.json.append(item.json());
        }
        if (item.continued()) continue;
        STRATA_RETURN_IF_ERROR(importer.Add(std::exchange(text, {})));
      }
      return report() ? OkStatus() : Cancelled("the caller is gone");
    });
    STRATA_RETURN_IF_ERROR(received);
    STRATA_RETURN_IF_ERROR(importer.Finish());
    static_cast<void>(report());
    return {};
  });
}

Status DataService::Export(Context& cx, const data::v1::ExportRequest& request,
                           Writer<data::v1::ExportResponse>& writer) {
  return Serve(cx, [&] {
    return service::Export(store_, cx, request, [&](data::v1::ExportResponse& message) {
      return writer.Write(message);
    });
  });
}

Status DataService::Watch(Context& cx, const data::v1::WatchRequest& request,
                          Writer<data::v1::WatchResponse>& writer) {
  return Serve(cx, [&] {
    return service::Watch(store_, cx, request,
                          [&](data::v1::WatchResponse& message) { return writer.Write(message); });
  });
}

}  // namespace strata::fhir::service
