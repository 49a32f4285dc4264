#pragma once

#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "strata/common/v1/common.pb.h"
#include "strata/data/v1/data.strata.h"
#include "tests/support/fake_host.h"

// What the data contract suite runs on: a data plugin over a hosting plugin. Add a line to
// Stacks() for each new plugin of either layer.
namespace strata::contract {

namespace data = ::strata::data::v1;

struct Stack {
  std::string name;
  const strata_plugin* (*hosting)(std::uint32_t);
  const strata_plugin* (*records)(std::uint32_t);
};
std::vector<Stack> Stacks();
inline void PrintTo(const Stack& stack, std::ostream* out) { *out << stack.name; }

// The Outcome in an error's details; empty when there is none.
data::Outcome OutcomeOf(const Status& status);
// Code of the outcome's first issue.
std::string IssueOf(const Status& status);

class DataContract : public ::testing::TestWithParam<Stack> {
 public:
  DataContract();
  ~DataContract() override;

  data::DataClient& client() { return *client_; }
  Context& cx() { return request_.context(); }
  // Stops and starts both layers; the store keeps what it has if it is a durable one.
  testing::FakeHost& host() { return *host_; }

  Result<data::WriteResponse> Create(std::string_view type, std::string_view json,
                                     std::string_view request_id = {});
  // PUT type/id.
  Result<data::WriteResponse> Update(std::string_view type, std::string_view id,
                                     std::string_view json, std::string_view if_match = {});
  Result<data::ReadResponse> Read(std::string_view type, std::string_view id,
                                  std::string_view version = {});
  Result<data::DeleteResponse> Delete(std::string_view type, std::string_view id);
  // All pages or the first one; `token` is that of the next page.
  Result<std::vector<data::Resource>> History(data::HistoryRequest request,
                                              std::string* token = nullptr);
  Result<std::vector<data::TransactionEntry>> Transaction(std::string_view bundle,
                                                          std::string_view request_id = {});
  Result<data::SearchResponse> Search(std::string_view type,
                                      std::vector<std::pair<std::string, std::string>> parameters);
  // Faults; fails the test when the stream itself fails.
  std::vector<data::ImportFault> Import(const std::vector<std::string>& texts,
                                        std::uint64_t* resources = nullptr);
  std::vector<data::Resource> Export(bool all_versions = false);

 private:
  std::filesystem::path folder_;
  std::unique_ptr<testing::FakeHost> host_;
  testing::FakeRequest request_;
  std::unique_ptr<data::DataClient> client_;
};

// The text without id, meta.versionId and meta.lastUpdated (and without a meta that is empty then),
// and without whitespace: what must come back lexeme for lexeme.
std::string WithoutStamps(std::string_view json);

}  // namespace strata::contract
