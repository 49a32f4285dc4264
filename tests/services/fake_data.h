#pragma once

#include <strata/plugin.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "strata/data/v1/data.strata.h"

struct strata_plugin;

namespace strata::testing {

// A data layer for the tests of digital services: a list of resources with the few search
// parameters that they use, and hooks to see requests and to fail. The object must outlive the
// FakeHost that its plugin was added to. Used by one thread.
class FakeData final {
 public:
  // Adds a resource as JSON (version 1); it replaces one of the same type and id.
  void Add(std::string json);

  // Text that binds the plugin to this object: give it to FakeHost::Add as the configuration.
  std::string Config() const;
  static const strata_plugin* Plugin();

  // Hooks: when set, they answer instead.
  std::function<Status(const data::v1::ReadRequest&, data::v1::ReadResponse*)> on_read;
  std::function<Status(const data::v1::SearchRequest&, Writer<data::v1::SearchResponse>&)>
      on_search;
  std::function<Status(const data::v1::HistoryRequest&, Writer<data::v1::HistoryResponse>&)>
      on_history;
  std::function<Status(const data::v1::CreateRequest&, data::v1::WriteResponse*)> on_create;
  std::function<Status(const data::v1::UpdateRequest&, data::v1::WriteResponse*)> on_update;
  std::function<Status(const data::v1::PatchRequest&, data::v1::WriteResponse*)> on_patch;
  std::function<Status(const data::v1::DeleteRequest&, data::v1::DeleteResponse*)> on_delete;
  std::function<Status(Reader<data::v1::TransactionRequest>&,
                       Writer<data::v1::TransactionResponse>&)>
      on_transaction;
  std::function<Status(Reader<data::v1::OperateRequest>&, Writer<data::v1::OperateResponse>&)>
      on_operate;

  // What the built-in answers are made of.
  Status Read(const data::v1::ReadRequest& request, data::v1::ReadResponse* response) const;
  Status Search(const data::v1::SearchRequest& request,
                Writer<data::v1::SearchResponse>& writer) const;

  // Matches that one page holds when the request does not say.
  std::size_t page_size = 50;

 private:
  std::vector<data::v1::Resource> resources_;
};

// A failure as the data contract tells it: with an Outcome that has one issue of that code.
Status DataError(Code code, std::string_view issue_code, std::string message);

}  // namespace strata::testing
