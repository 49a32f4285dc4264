#include "core/host/slot_control.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace strata::host {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHealthInterval{10};
// What a plugin gets beyond a deadline before it is given up.
constexpr std::chrono::seconds kGrace{1};

Status Fail(Instance* instance, const Status& status) {
  instance->Advance(State::kFailed);
  instance->Destroy();
  return status;
}

Status WithStep(std::string_view step, const Status& status) {
  return {status.code(), std::string(step) + ": " + status.message()};
}

// One of create and start; false in *alive when the plugin still runs it.
Status Step(const std::shared_ptr<Instance>& instance, Deadline deadline,
            const std::shared_ptr<void>& keep_alive, std::string_view name,
            const std::function<Status(Instance&)>& function, bool* alive) {
  const auto answer = RunControl(deadline, instance, keep_alive, function);
  *alive = answer.has_value();
  if (!answer) return WithStep(name, DeadlineExceeded("did not return in time"));
  return answer->ok() ? OkStatus() : WithStep(name, *answer);
}

Status Probe(const std::shared_ptr<Instance>& instance, Deadline deadline,
             const std::shared_ptr<void>& keep_alive, bool* alive) {
  while (true) {
    const Status asked = Step(
        instance, deadline, keep_alive, "health",
        [](Instance& i) {
          i.PollHealth();
          return OkStatus();
        },
        alive);
    if (!asked.ok()) return asked;
    const Health health = instance->health();
    if (health.state == HealthState::kServing) return OkStatus();
    if (health.state == HealthState::kNotServing) return Unavailable("health: " + health.reason);
    if (steady_clock::now() >= deadline) {
      return DeadlineExceeded("health: still starting: " + health.reason);
    }
    std::this_thread::sleep_for(kHealthInterval);
  }
}

}  // namespace

bool RunUntil(Deadline deadline, std::function<void()> work) {
  struct Shared {
    base::Mutex mutex;
    base::CondVar changed;
    bool done STRATA_GUARDED_BY(mutex) = false;
  };
  const auto shared = std::make_shared<Shared>();  // shared: with a thread that may outlive us.
  std::thread thread([shared, work = std::move(work)]() mutable {
    pthread_setname_np(pthread_self(), "strata-control");
    work();
    work = nullptr;  // What it owns is gone before anybody is told.
    {
      const base::MutexLock lock(shared->mutex);
      shared->done = true;
    }
    shared->changed.NotifyAll();
  });
  bool done = false;
  {
    const base::MutexLock lock(shared->mutex);
    while (!shared->done && steady_clock::now() < deadline) {
      shared->changed.WaitUntil(shared->mutex, deadline);
    }
    done = shared->done;
  }
  if (done) {
    thread.join();
  } else {
    thread.detach();
  }
  return done;
}

std::optional<Status> RunControl(Deadline deadline, const std::shared_ptr<Instance>& instance,
                                 const std::shared_ptr<void>& keep_alive,
                                 const std::function<Status(Instance&)>& function) {
  const auto answer = std::make_shared<Status>();  // shared: with a thread that may outlive us.
  const bool done = RunUntil(
      deadline, [instance, keep_alive, answer, function] { *answer = function(*instance); });
  if (!done) return std::nullopt;
  return *answer;
}

Status StartInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive) {
  bool alive = true;
  Status status = Step(
      instance, deadline, keep_alive, "create", [](Instance& i) { return i.Create(); }, &alive);
  if (status.ok()) {
    instance->Advance(State::kCreated);
    status = Step(
        instance, deadline, keep_alive, "start", [](Instance& i) { return i.Start(); }, &alive);
  }
  if (status.ok()) {
    instance->Advance(State::kStarted);
    return status;
  }
  if (alive) return Fail(instance.get(), status);
  instance->Advance(State::kZombie);
  return status;
}

Status ProbeInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive) {
  bool alive = true;
  const Status status = Probe(instance, deadline, keep_alive, &alive);
  if (status.ok()) {
    instance->Advance(State::kProbed);
    instance->Advance(State::kActive);
    return status;
  }
  if (alive) {
    DiscardInstance(instance, deadline, keep_alive);
  } else {
    instance->Advance(State::kZombie);
  }
  return status;
}

void DiscardInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive) {
  // It may have threads and files: let it end them as it would at the end of its life.
  const Deadline hard = std::max(deadline, steady_clock::now()) + kGrace;
  const auto drained = RunControl(hard, instance, keep_alive, [deadline](Instance& i) {
    static_cast<void>(i.Drain(deadline));
    return OkStatus();
  });
  const bool idle = drained && instance->WaitForTasks(hard) && instance->WaitForCalls(hard);
  const auto stopped =
      !idle ? std::nullopt : RunControl(hard, instance, keep_alive, [](Instance& i) {
        i.Stop();
        return OkStatus();
      });
  if (stopped) {
    static_cast<void>(Fail(instance.get(), OkStatus()));
  } else {
    instance->Advance(State::kZombie);
  }
}

Status BringUp(const std::shared_ptr<Instance>& instance, Deadline deadline,
               const std::shared_ptr<void>& keep_alive) {
  STRATA_RETURN_IF_ERROR(StartInstance(instance, deadline, keep_alive));
  return ProbeInstance(instance, deadline, keep_alive);
}

Status TakeDown(const std::shared_ptr<Instance>& instance, Deadline deadline,
                const std::function<bool(Deadline)>& wait_for_calls,
                const std::shared_ptr<void>& keep_alive) {
  instance->Advance(State::kDraining);
  const auto zombie = [&](std::string why) {
    instance->Advance(State::kZombie);
    return DeadlineExceeded(std::move(why));
  };
  const Deadline hard = std::max(deadline, steady_clock::now()) + kGrace;
  const auto drained =
      RunControl(hard, instance, keep_alive, [deadline](Instance& i) { return i.Drain(deadline); });
  if (!drained) return zombie("drain did not return in time");
  if (!instance->WaitForTasks(hard)) return zombie("its submitted work did not end in time");
  if (!instance->WaitForCalls(hard)) return zombie("its own calls did not end in time");
  if (!wait_for_calls(hard)) return zombie("calls in it did not end in time");
  const auto stopped = RunControl(hard, instance, keep_alive, [](Instance& i) {
    i.Stop();
    i.Advance(State::kStopped);
    i.Destroy();
    return OkStatus();
  });
  if (!stopped) return zombie("stop did not return in time");
  instance->Advance(State::kDestroyed);
  instance->Advance(State::kRetired);
  return *drained;  // It is gone, but may not have been able to finish its own work.
}

}  // namespace strata::host
