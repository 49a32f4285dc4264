#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "strata/context.h"
#include "strata/hosting/v1/hosting.strata.h"

// What every hosting plugin answers, whatever transport is between: each row of the tables in
// proto/strata/hosting/v1/README.md that a healthy store can show. A backend says how to reach an
// empty store:
//   INSTANTIATE_TEST_SUITE_P(MyPlugin, HostingContract, ::testing::Values(HostingParam{...}));
namespace strata::testing {

namespace hosting = strata::hosting::v1;

// A running store with nothing in it, and how to make requests to it.
class HostingBackend {
 public:
  virtual ~HostingBackend() = default;
  virtual hosting::HostingClient& client() = 0;
  virtual const Context& context() = 0;
  // Stops the plugin and starts it again on the same state.
  virtual Status Restart() = 0;
};

struct HostingParam {
  std::string name;
  bool durable;
  std::function<std::unique_ptr<HostingBackend>()> open;
};

inline void PrintTo(const HostingParam& param, std::ostream* out) { *out << param.name; }

class HostingContract : public ::testing::TestWithParam<HostingParam> {
 protected:
  HostingContract() : backend_(GetParam().open()) {}

  hosting::HostingClient& client() { return backend_->client(); }
  const Context& context() { return backend_->context(); }

  hosting::DescribeResponse Describe() {
    hosting::DescribeResponse response;
    EXPECT_TRUE(client().Describe(context(), {}, &response).ok());
    return response;
  }

  static hosting::CommitRequest Puts(
      const std::vector<std::pair<std::string, std::string>>& entries) {
    hosting::CommitRequest request;
    for (const auto& [key, value] : entries) {
      hosting::Put* put = request.add_mutations()->mutable_put();
      put->set_key(key);
      put->set_value(value);
    }
    return request;
  }

  std::uint64_t MustCommit(const hosting::CommitRequest& request) {
    hosting::CommitResponse response;
    const Status status = client().Commit(context(), request, &response);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return response.version();
  }

  Code CommitCode(const hosting::CommitRequest& request) {
    hosting::CommitResponse response;
    return client().Commit(context(), request, &response).code();
  }

  Status CommitParts(const std::vector<hosting::CommitRequest>& parts,
                     hosting::CommitResponse* response) {
    std::size_t next = 0;
    return client().CommitStream(
        context(),
        [&](hosting::CommitStreamRequest* message) {
          if (next == parts.size()) return false;
          *message->mutable_part() = parts[next++];
          return true;
        },
        response);
  }

  std::string ValueOf(const std::string& key, const std::string& snapshot = "") {
    hosting::GetRequest request;
    request.add_keys(key);
    request.set_snapshot(snapshot);
    hosting::GetResponse response;
    const Status status = client().Get(context(), request, &response);
    if (!status.ok()) return "!" + std::string(CodeName(status.code()));
    return response.entries(0).version() == 0 ? "<absent>" : response.entries(0).value();
  }

  // "a=1 b=2", or "!CODE".
  std::string Scan(const hosting::ScanRequest& request) {
    std::string text;
    const Status status = client().Scan(context(), request, [&](hosting::ScanResponse& chunk) {
      RowReader reader(chunk.rows());
      std::uint32_t rows = 0;
      for (Row row; reader.Next(&row); ++rows) {
        text += text.empty() ? "" : " ";
        text.append(row.key).append("=").append(row.value);
      }
      EXPECT_TRUE(reader.ok());
      EXPECT_EQ(rows, chunk.row_count());
      return true;
    });
    return status.ok() ? text : "!" + std::string(CodeName(status.code()));
  }

  struct Watched {
    Status status;
    std::vector<std::string> keys;
    std::vector<std::string> values;
    std::uint64_t up_to = 0;
  };

  // Everything up to the end.
  Watched WatchAll(hosting::WatchRequest request) {
    request.set_stop_at_end(true);
    Watched watched;
    watched.status = client().Watch(context(), request, [&](hosting::WatchResponse& response) {
      for (const hosting::CommitEvent& commit : response.commits()) {
        for (const hosting::Change& change : commit.changes()) {
          watched.keys.push_back(change.key());
          watched.values.push_back(change.value());
        }
      }
      watched.up_to = response.up_to_version();
      return true;
    });
    return watched;
  }

  Status Backup(std::vector<std::string>* messages) {
    return client().Backup(context(), {}, [&](hosting::BackupResponse& response) {
      messages->push_back(std::move(*response.mutable_data()));
      backed_up_rows_ = response.rows_done();
      return true;
    });
  }

  Status Restore(const std::vector<std::string>& messages, hosting::RestoreResponse* response) {
    std::size_t next = 0;
    return client().Restore(
        context(),
        [&](hosting::RestoreRequest* message) {
          if (next == messages.size()) return false;
          message->set_data(messages[next++]);
          return true;
        },
        response);
  }

  Status Ingest(const std::vector<hosting::IngestRequest>& messages,
                hosting::IngestResponse* response) {
    std::size_t next = 0;
    return client().Ingest(
        context(),
        [&](hosting::IngestRequest* message) {
          if (next == messages.size()) return false;
          *message = messages[next++];
          return true;
        },
        response);
  }

  static hosting::IngestRequest Rows(const std::vector<std::pair<std::string, std::uint64_t>>& rows,
                                     std::uint64_t up_to) {
    hosting::IngestRequest request;
    for (const auto& [key, version] : rows) {
      AppendRow(request.mutable_rows(), {key, version, "v" + std::to_string(version)});
    }
    request.set_up_to_version(up_to);
    request.set_restart_feed(true);
    return request;
  }

  static hosting::IngestRequest Event(const std::string& key, std::uint64_t version,
                                      const std::string& value) {
    hosting::IngestRequest request;
    hosting::CommitEvent* commit = request.add_commits();
    commit->set_version(version);
    hosting::Change* change = commit->add_changes();
    change->set_key(key);
    change->set_kind(hosting::Change::KIND_PUT);
    change->set_value(value);
    change->set_value_version(version);
    request.set_up_to_version(version);
    return request;
  }

  std::uint64_t VersionOf(const std::string& key) {
    hosting::GetRequest request;
    request.add_keys(key);
    hosting::GetResponse response;
    EXPECT_TRUE(client().Get(context(), request, &response).ok());
    return response.entries(0).version();
  }

  std::unique_ptr<HostingBackend> backend_;
  std::int64_t backed_up_rows_ = 0;
};

}  // namespace strata::testing
