#include "tests/bench/swap/campaign.h"

#include <algorithm>
#include <array>
#include <thread>

#include "strata/core/v1/core.pb.h"
#include "tests/host/change_client.h"

namespace strata::bench {
namespace {

using core::v1::Change;
using core::v1::SwapRequest;
using std::chrono::steady_clock;

constexpr std::array<const char*, 6> kFaults = {"abi",    "dishonest", "start",
                                                "health", "crash",     "hang"};
constexpr int kEvery = 10;
constexpr std::uint32_t kProbationSeconds = 600;

double MillisecondsSince(steady_clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begun).count();
}

class Campaign {
 public:
  Campaign(LayerStack& layers, Load& load, const std::string& slot)
      : layers_(layers), load_(load), slot_(slot), client_(layers.stack()) {}

  void Sound(int number) {
    SwapRequest request;
    request.set_slot(slot_);
    request.set_package(layers_.Version(slot_, number));
    request.set_probation_s(0);
    const auto begun = steady_clock::now();
    const Change change = Carry(request);
    const double took_ms = MillisecondsSince(begun);
    if (change.state() != Change::STATE_DONE) {
      out_.unexpected.push_back("sound: " + change.reason());
      return;
    }
    ++out_.switched;
    out_.cancelled += change.cancelled();
    out_.longest_pause_ms =
        std::max(out_.longest_pause_ms, static_cast<double>(change.pause_us()) / 1000);
    out_.longest_change_ms = std::max(out_.longest_change_ms, took_ms);
  }

  void Broken(std::size_t kind) {
    const std::string fault = kFaults[kind % kFaults.size()];
    const bool serves = fault == "crash" || fault == "hang";
    const SwapRequest request = Candidate(fault);
    if (serves) load_.SetPhase(Load::kExcused);
    const auto begun = steady_clock::now();
    Change change = Carry(request);
    if (change.state() == Change::STATE_PROBATION) change = client_.WaitEnded(change.id());
    if (serves) load_.SetPhase(Load::kSwapping);
    Judge(fault, serves, change, MillisecondsSince(begun));
  }

  CampaignResult Take() { return std::move(out_); }

 private:
  SwapRequest Candidate(const std::string& fault) const {
    SwapRequest request;
    request.set_slot(slot_);
    request.set_probation_s(kProbationSeconds);
    if (fault == "abi") {
      request.set_package(layers_.OtherAbi(slot_));
    } else if (fault == "dishonest") {
      request.set_package(layers_.Dishonest(slot_));
    } else {
      request.set_package(LayerStack::Faulty(slot_));
      request.set_config_json("{\"fault\":\"" + fault + "\"}");
    }
    if (fault == "crash") request.set_isolation("process");  // Else it would end this one.
    return request;
  }

  // Until it has switched or ended; what was refused at once has FAILED too.
  Change Carry(const SwapRequest& request) {
    const auto response = client_.Swap(request);
    if (response.ok()) return client_.WaitSwitched(response->change().id());
    Change refused;
    refused.set_state(Change::STATE_FAILED);
    refused.set_reason(response.status().message());
    return refused;
  }

  void Judge(const std::string& fault, bool serves, const Change& change, double took_ms) {
    if (change.state() == Change::STATE_ROLLED_BACK && serves) {
      ++out_.taken_back;
    } else if (change.state() == Change::STATE_FAILED && !serves) {
      ++out_.refused;
    } else {
      out_.unexpected.push_back(fault + ": " + Change::State_Name(change.state()) + " " +
                                change.reason());
      return;
    }
    CampaignResult::Verdict& verdict = out_.verdicts[fault];
    verdict.reason = change.reason();
    verdict.longest_ms = std::max(verdict.longest_ms, took_ms);
  }

  LayerStack& layers_;
  Load& load_;
  const std::string slot_;
  host::ChangeClient client_;
  CampaignResult out_;
};

}  // namespace

CampaignResult SwapAgainAndAgain(LayerStack& layers, Load& load, const std::string& slot,
                                 const CampaignOptions& options) {
  Campaign campaign(layers, load, slot);
  load.SetPhase(Load::kSwapping);
  for (int i = 1; i <= options.swaps; ++i) {
    const std::uint64_t seen = load.requests();
    if (i % kEvery == 0) {
      campaign.Broken(static_cast<std::size_t>(i / kEvery - 1));
    } else {
      campaign.Sound(i);
    }
    std::this_thread::sleep_for(options.pace);
    while (load.requests() == seen) std::this_thread::yield();  // Each is seen by some request.
  }
  return campaign.Take();
}

}  // namespace strata::bench
