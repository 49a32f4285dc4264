// MoveData in a running stack: all records of a data plugin go to another one over another store,
// with their history, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "core/move/transfers.h"
#include "strata/data/v1/data.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"
#include "tests/support/turns.h"

namespace strata::host {
namespace {

using core::v1::Change;
namespace data = strata::data::v1;
using ::testing::HasSubstr;

constexpr int kResources = 400;
// Of the clients, for each edition of a change.
constexpr int kWrites = 40;

std::string Slots(const std::string& hosting) {
  return "  hosting: {plugin: " + hosting + ", default: true}\n  hosting2: {plugin: " + hosting +
         "}\n  record: {plugin: data_fhir, requires: {store: hosting}}\n";
}

std::string IdOf(int number) { return "p" + std::to_string(number); }

class DataMove : public ::testing::Test {
 protected:
  void Start(const std::string& hosting) {
    hosting_ = hosting;
    auto stack = TestStack::Start(Slots(hosting), "", move::Transfers());
    ASSERT_TRUE(stack.ok()) << stack.status().ToString();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  template <typename Request, typename Response>
  strata_code Call(const std::string& method, const Request& request, Response* response) {
    IngressCall call(request.SerializeAsString());
    const strata_code code = stack_->Call("record", "/strata.data.v1.Data/" + method, &call);
    if (code == STRATA_OK) response->ParseFromString(call.responses().at(0));
    return code;
  }

  // Answers the version that it made; empty: it was refused.
  std::string Put(const std::string& id, int value) {
    data::UpdateRequest request;
    request.set_type("Basic");
    request.set_id(id);
    request.set_json(R"({"resourceType":"Basic","id":")" + id + R"(","code":{"text":")" +
                     std::to_string(value) + R"("},"author":{"display":")" +
                     std::string(1000, 'a') + R"("}})");
    data::WriteResponse response;
    if (Call("Update", request, &response) != STRATA_OK) return {};
    return response.resource().version_id();
  }
  strata_code Delete(const std::string& id) {
    data::DeleteRequest request;
    request.set_type("Basic");
    request.set_id(id);
    data::DeleteResponse response;
    return Call("Delete", request, &response);
  }
  data::Resource Read(const std::string& id, const std::string& version = "") {
    data::ReadRequest request;
    request.set_type("Basic");
    request.set_id(id);
    request.set_version_id(version);
    data::ReadResponse response;
    return Call("Read", request, &response) == STRATA_OK ? response.resource() : data::Resource();
  }

  void Load(int resources = kResources) {
    for (int i = 0; i < resources; ++i) ASSERT_EQ(Put(IdOf(i), 0), "1");
    ASSERT_EQ(Put(IdOf(1), 1), "2");
    ASSERT_EQ(Delete(IdOf(2)), STRATA_OK);
    ASSERT_EQ(Delete(IdOf(3)), STRATA_OK);
    ASSERT_EQ(Put(IdOf(3), 3), "3");
  }

  core::v1::MoveDataRequest ToTheOther() {
    core::v1::MoveDataRequest request;
    request.set_slot("record");
    core::v1::Binding* const binding = request.add_connect();
    binding->set_name("store");
    binding->set_slot("hosting2");
    return request;
  }
  Change Move() {
    const auto begun = client_->MoveData(ToTheOther());
    EXPECT_TRUE(begun.ok()) << begun.status().ToString();
    if (!begun.ok()) return {};
    return client_->WaitUntil(begun->change().id(), [this](const Change&) {
      turns_.Give(kWrites);
      return false;
    });
  }

  // The hosting slot that the record is built on.
  std::string Store() {
    const core::v1::StatusResponse status = client_->Status();
    for (const core::v1::Slot& slot : status.slots()) {
      if (slot.name() == "record" && slot.bindings_size() > 0) return slot.bindings(0).slot();
    }
    return {};
  }

  std::string hosting_;
  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
  testing::Turns turns_;
};

TEST_F(DataMove, KeepsEveryVersionUnderWrites) {
  Start("hosting_memory");
  Load();
  const data::Resource before = Read(IdOf(1), "1");
  std::atomic<int> failed{0};
  std::mutex mutex;
  std::map<std::string, std::string> log;  // the version that was answered last
  std::vector<std::thread> writers;
  for (int number = 0; number < 2; ++number) {
    writers.emplace_back([&, number] {
      std::map<std::string, std::string> mine;
      for (int i = 0; turns_.Take(); ++i) {
        const std::string id = IdOf(10 + (i * 7 + number * 200) % 190 + number * 190);
        const std::string version = Put(id, i + 1);
        if (version.empty()) ++failed;
        mine[id] = version;
      }
      const std::lock_guard<std::mutex> lock(mutex);
      log.insert(mine.begin(), mine.end());
    });
  }

  turns_.Give(kWrites);
  turns_.AwaitTaken();

  const Change change = Move();
  turns_.End();
  for (std::thread& writer : writers) writer.join();

  ASSERT_EQ(change.state(), Change::STATE_DONE) << change.reason();
  EXPECT_EQ(change.kind(), Change::KIND_MOVE);
  EXPECT_EQ(Store(), "hosting2");
  EXPECT_EQ(failed, 0);
  EXPECT_GT(turns_.taken(), kWrites);
  for (const auto& [id, version] : log) ASSERT_EQ(Read(id).version_id(), version) << id;
  EXPECT_EQ(Read(IdOf(1), "1").json(), before.json()) << "also versions that are not current";
  EXPECT_EQ(Read(IdOf(2)).id(), "") << "and deletions";
  EXPECT_EQ(Read(IdOf(3)).version_id(), "3");
  RecordProperty("pause_us", std::to_string(change.pause_us()));
}

TEST_F(DataMove, TheWayBackCarriesWhatCameSince) {
  Start("hosting_memory");
  Load();
  ASSERT_EQ(Move().state(), Change::STATE_DONE);
  ASSERT_EQ(Put(IdOf(5), 5), "2");
  ASSERT_EQ(Delete(IdOf(6)), STRATA_OK);
  ASSERT_EQ(Put("new", 1), "1");
  const data::Resource changed = Read(IdOf(5));

  const auto begun = client_->Rollback("record");
  ASSERT_TRUE(begun.ok()) << begun.status().ToString();
  const Change back = client_->WaitEnded(begun->change().id());

  ASSERT_EQ(back.state(), Change::STATE_DONE) << back.reason();
  EXPECT_EQ(Store(), "hosting");
  EXPECT_EQ(Read(IdOf(5)).SerializeAsString(), changed.SerializeAsString());
  EXPECT_EQ(Read(IdOf(6)).id(), "");
  EXPECT_EQ(Read("new").version_id(), "1");
}

TEST_F(DataMove, ATargetWithOtherRecordsChangesNothing) {
  Start("hosting_memory");
  Load(10);
  ASSERT_EQ(Move().state(), Change::STATE_DONE);
  // The first store again, by itself, with something else in it than what was moved.
  core::v1::MoveDataRequest request = ToTheOther();
  request.mutable_connect(0)->set_slot("hosting");
  ASSERT_TRUE(std::filesystem::remove(stack_->dir() + "/data/changes/copy-record.json"));
  const auto begun = client_->MoveData(request);
  ASSERT_TRUE(begun.ok()) << begun.status().ToString();

  const Change refused = client_->WaitEnded(begun->change().id());

  EXPECT_EQ(refused.state(), Change::STATE_FAILED);
  EXPECT_THAT(refused.reason(), HasSubstr("other records"));
  EXPECT_EQ(Store(), "hosting2");
  EXPECT_EQ(Read(IdOf(1)).version_id(), "2");
}

TEST_F(DataMove, GoesOnWhereItWasWhenTheStackIsBack) {
  Start("hosting_sqlite");
  Load(3000);
  const auto begun = client_->MoveData(ToTheOther());
  ASSERT_TRUE(begun.ok()) << begun.status().ToString();
  const Change part = client_->WaitUntil(
      begun->change().id(), [](const Change& change) { return change.progress().rows() > 500; });
  ASSERT_EQ(part.state(), Change::STATE_RUNNING) << part.reason();

  ASSERT_TRUE((*stack_)->Stop().ok());
  const Status restarted = stack_->Restart(Slots(hosting_));
  ASSERT_TRUE(restarted.ok()) << restarted.ToString();
  client_ = std::make_unique<ChangeClient>(**stack_);
  const Change done = client_->WaitEnded(client_->List().changes(0).id());

  ASSERT_EQ(done.state(), Change::STATE_DONE) << done.reason();
  EXPECT_THAT(done.reason(), HasSubstr(begun->change().id()));
  EXPECT_EQ(Store(), "hosting2");
  EXPECT_EQ(Read(IdOf(2999)).version_id(), "1");
  EXPECT_EQ(Read(IdOf(1)).version_id(), "2");
  std::vector<std::string> begins;
  for (const std::string& line : stack_->log().Lines()) {
    if (line.find("move.copying") != std::string::npos) begins.push_back(line);
  }
  ASSERT_EQ(begins.size(), 2U);
  EXPECT_THAT(begins[0], HasSubstr("\"rows_already\":0"));
  EXPECT_THAT(begins[1], Not(HasSubstr("\"rows_already\":0")));
}

TEST_F(DataMove, SaysWhatItWouldDo) {
  Start("hosting_memory");
  core::v1::MoveDataRequest request = ToTheOther();
  request.set_plan_only(true);
  const auto planned = client_->MoveData(request);
  ASSERT_TRUE(planned.ok()) << planned.status().ToString();
  ASSERT_EQ(planned->plan().slots_size(), 1);
  EXPECT_EQ(planned->plan().slots(0).mode(), core::v1::SWAP_MODE_TRANSFER);
  EXPECT_FALSE(planned->has_change());
  request.mutable_connect(0)->set_slot("hosting");
  const auto same = client_->MoveData(request);
  EXPECT_EQ(same.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(same.status().message(), HasSubstr("same store"));
}

}  // namespace
}  // namespace strata::host
