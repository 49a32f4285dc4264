// The real program under concurrent clients of FHIR over HTTP and of hosting over gRPC, while its
// plugins are swapped and while it is restarted and killed. STRATA_HISTORY_SECONDS=N lets each run
// go on for N seconds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tests/history/checker.h"
#include "tests/history/core_client.h"
#include "tests/history/workload.h"

namespace strata::history {
namespace {

using ::testing::IsEmpty;

constexpr std::uint32_t kClients = 4;
// What each workload does between two disturbances.
constexpr std::uint64_t kBetween = 150;
constexpr int kDisturbances = 4;

constexpr char kSqlite[] =
    "  hosting: {plugin: hosting_sqlite}\n"
    "  ledger:  {plugin: hosting_sqlite}\n"
    "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n";
constexpr char kIsolated[] =
    "  hosting: {plugin: hosting_sqlite, isolation: process}\n"
    "  ledger:  {plugin: hosting_sqlite, isolation: process}\n"
    "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n";
constexpr char kAllIsolated[] =
    "  hosting: {plugin: hosting_sqlite, isolation: process}\n"
    "  ledger:  {plugin: hosting_sqlite, isolation: process}\n"
    "  record:  {plugin: data_fhir, isolation: process, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, isolation: process, requires: {record: record}}\n";
constexpr char kTwoStores[] =
    "  hosting: {plugin: hosting_sqlite, default: true}\n"
    "  second:  {plugin: hosting_sqlite}\n"
    "  ledger:  {plugin: hosting_sqlite}\n"
    "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n";
constexpr char kMemory[] =
    "  hosting: {plugin: hosting_memory}\n"
    "  ledger:  {plugin: hosting_memory}\n"
    "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n";

std::vector<std::string> Keys(const std::string& prefix) {
  std::vector<std::string> out;
  for (int i = 0; i < 6; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

// What a change that was begun has come to; empty: it has switched.
std::string Outcome(const CoreClient& core, const core::v1::Change& begun) {
  const core::v1::Change change = core.Follow(begun);
  return change.state() == core::v1::Change::STATE_DONE ? "" : change.reason();
}

// Replaces the plugin of a slot by a new instance of the same package; empty: done.
std::string Swap(const Endpoints& where, const std::string& slot,
                 core::v1::SwapMode mode = core::v1::SWAP_MODE_UNSPECIFIED) {
  const CoreClient core(where.grpc);
  core::v1::SwapRequest request;
  request.set_slot(slot);
  request.set_mode(mode);
  request.set_probation_s(0);
  return Outcome(core, core.Swap(request));
}

// One run: a stack, both workloads, disturbances, and what the checker says of it.
class StackHistory : public ::testing::Test {
 protected:
  void Begin(const char* slots) {
    process_ = std::make_unique<StrataProcess>(slots);
    ASSERT_TRUE(process_->Start()) << process_->log();
    fhir_ = std::make_unique<Workload>(
        "fhir", Keys("r"), [this] { return MakeFhirClient(*process_); }, kClients);
    ledger_ = std::make_unique<Workload>(
        "ledger", Keys("row"), [this] { return MakeHostingClient(*process_, "ledger"); }, kClients);
    fhir_->Start();
    ledger_->Start();
  }

  // Disturbs while the clients work, each time after all of them got on.
  void Disturb(const std::function<void(int)>& disturbance, int times = kDisturbances) {
    const char* const seconds = std::getenv("STRATA_HISTORY_SECONDS");
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 0);
    for (int i = 0; i < times || std::chrono::steady_clock::now() < until; ++i) {
      fhir_->WaitForMore(kBetween);
      ledger_->WaitForMore(kBetween);
      disturbance(i);
      if (HasFatalFailure()) break;
    }
    fhir_->WaitForMore(kBetween);
    ledger_->WaitForMore(kBetween);
  }

  CoreClient Core() { return CoreClient(process_->Where().grpc); }

  // Moves the rows of a hosting slot to a new store beside it.
  core::v1::Change BeginMove(const std::string& slot, int turn) {
    core::v1::MoveHostingRequest request;
    request.set_slot(slot);
    request.set_package("hosting_sqlite");
    request.set_config_json(R"({"path":")" + process_->dir() + "/data/slots/" + slot + "/moved" +
                            std::to_string(turn) + R"("})");
    moved_ = true;
    return Core().MoveHosting(request);
  }

  // Moves the records of the data slot to another hosting slot.
  core::v1::Change BeginDataMove(const std::string& to) {
    core::v1::MoveDataRequest request;
    request.set_slot("record");
    core::v1::Binding* const store = request.add_connect();
    store->set_name("store");
    store->set_slot(to);
    return Core().MoveData(request);
  }

  // Kills the process of an isolated plugin.
  void KillPlugin(const std::string& name) {
    const core::v1::StatusResponse status = Core().Status();
    for (const core::v1::Slot& slot : status.slots()) {
      if (slot.name() != name || slot.pid() <= 0) continue;
      ASSERT_EQ(::kill(slot.pid(), SIGKILL), 0);
      ++killed_;
    }
  }

  void Judge() {
    Judge(fhir_.get(), MakeFhirClient(*process_).get());
    // The feed of a copy begins with the copy: it does not list what was before.
    Judge(ledger_.get(), moved_ ? nullptr : MakeHostingClient(*process_, "ledger").get());
    process_->Close();
  }

  std::unique_ptr<StrataProcess> process_;
  // The workloads' clients use the process.
  std::unique_ptr<Workload> fhir_;
  std::unique_ptr<Workload> ledger_;
  int killed_ = 0;

 private:
  void Judge(Workload* load, RegisterClient* client) {
    const History history = load->Finish();
    EXPECT_THAT(load->Faults(), IsEmpty());
    Listing listing;
    if (client != nullptr) {
      listing = client->List(load->keys());
      EXPECT_GE(listing.size(), load->keys().size());
    }
    const std::vector<Violation> found = CheckHistory(history, listing);
    EXPECT_TRUE(found.empty()) << Describe(found);
    std::printf("%s: %zu operations checked; %d processes of plugins killed in the run\n",
                load->keys().front().c_str(), history.size(), killed_);
  }

  bool moved_ = false;
};

TEST_F(StackHistory, StaysLinearizableAcrossRestarts) {
  Begin(kSqlite);
  Disturb([this](int) {
    ASSERT_EQ(process_->Stop(), 0) << process_->log();
    ASSERT_TRUE(process_->Start()) << process_->log();
  });
  Judge();
}

TEST_F(StackHistory, StaysLinearizableAcrossKills) {
  Begin(kSqlite);
  Disturb([this](int) {
    process_->Kill();
    ASSERT_TRUE(process_->Start()) << process_->log();
  });
  Judge();
}

TEST_F(StackHistory, StaysLinearizableAcrossSwaps) {
  Begin(kSqlite);
  Disturb([this](int) {
    for (const char* slot : {"ledger", "fhir", "record", "hosting"}) {
      ASSERT_EQ(Swap(process_->Where(), slot), "") << slot;
    }
  });
  Judge();
}

TEST_F(StackHistory, StaysLinearizableAcrossSwapsAndKills) {
  Begin(kSqlite);
  Disturb([this](int turn) {
    if (turn % 2 == 1) {
      process_->Kill();
      ASSERT_TRUE(process_->Start()) << process_->log();
    }
    for (const char* slot : {"record", "hosting", "ledger"}) {
      ASSERT_EQ(Swap(process_->Where(), slot), "") << slot;
    }
  });
  Judge();
}

TEST_F(StackHistory, StaysLinearizableAcrossCrashesOfThePlugins) {
  Begin(kIsolated);
  Disturb([this](int) {
    for (const char* slot : {"hosting", "ledger"}) KillPlugin(slot);
  });
  EXPECT_GE(killed_, kDisturbances);
  Judge();
}

TEST_F(StackHistory, StaysLinearizableAcrossMoves) {
  Begin(kSqlite);
  Disturb([this](int turn) {
    for (const char* slot : {"ledger", "hosting"}) {
      const CoreClient core = Core();
      ASSERT_EQ(Outcome(core, BeginMove(slot, turn)), "") << slot;
    }
  });
  Judge();
}

// All of it in one history: each layer swapped side by side or handed over, each plugin's process
// and the core killed, before, in the middle of and after moves, which are swaps by transfer.
TEST_F(StackHistory, StaysLinearizableAcrossSwapsCrashesAndMoves) {
  Begin(kAllIsolated);
  Disturb([this](int turn) {
    const std::string moving = turn % 2 == 0 ? "ledger" : "hosting";
    ASSERT_EQ(Swap(process_->Where(), "record", core::v1::SWAP_MODE_OVERLAP), "");
    KillPlugin("record");
    ASSERT_EQ(Swap(process_->Where(), "hosting", core::v1::SWAP_MODE_HANDOVER), "");
    KillPlugin("hosting");
    KillPlugin("fhir");
    const core::v1::Change begun = BeginMove(moving, turn);
    ASSERT_NE(begun.id(), "") << begun.reason();
    if (turn % 2 == 0) {
      KillPlugin(moving);
      ASSERT_EQ(Outcome(Core(), begun), "") << moving;
    } else {
      // From here on it is known to the next start of the core.
      Core().Follow(begun, [](const auto& change) { return change.step().starts_with("copy"); });
      process_->Kill();
      ASSERT_TRUE(process_->Start()) << process_->log();
      const core::v1::Change resumed = Core().Newest();
      ASSERT_EQ(Outcome(Core(), resumed), "") << resumed.id();
    }
    ASSERT_EQ(Swap(process_->Where(), "fhir", core::v1::SWAP_MODE_OVERLAP), "");
    KillPlugin("ledger");
    ASSERT_EQ(Swap(process_->Where(), "ledger", core::v1::SWAP_MODE_HANDOVER), "");
  });
  EXPECT_GE(killed_, 1);
  Judge();
}

// Without kills: request ids are not carried over, and a write whose answer was lost is repeated.
TEST_F(StackHistory, StaysLinearizableAcrossMovesOfTheRecord) {
  Begin(kTwoStores);
  Disturb(
      [this](int turn) {
        ASSERT_EQ(Swap(process_->Where(), "record", core::v1::SWAP_MODE_OVERLAP), "");
        const CoreClient core = Core();
        const std::string to = turn % 2 == 0 ? "second" : "hosting";
        ASSERT_EQ(Outcome(core, BeginDataMove(to)), "") << to;
      },
      /*times=*/1);
  Judge();
}

TEST_F(StackHistory, StaysLinearizableInMemoryAcrossSwaps) {
  Begin(kMemory);
  Disturb([this](int) {
    for (const char* slot : {"fhir", "record"}) {
      ASSERT_EQ(Swap(process_->Where(), slot), "") << slot;
    }
  });
  Judge();
}

}  // namespace
}  // namespace strata::history
