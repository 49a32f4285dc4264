// Tells what it sees of each call, and calls on as it is asked to. Built as two versions.
#include <strata/plugin.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "hosttest/data/v1/probe.strata.h"

namespace hosttest::data::v1 {

class Probe final : public ProbeService {
 public:
  Probe(strata::Host host, std::string_view config)
      : host_(host), next_(host, "next"), fault_(FaultOf(config)) {
    lookups_ = host.Counter("lookups_total", {{"kind", "a\"b"}});
  }

  strata::Status Start() {
    started_ = true;
    if (!next_.bound()) return {};
    LookResponse below;  // Providers run before their consumers start.
    return next_.Look(strata::Context::Background(std::chrono::seconds(5)), {}, &below);
  }
  ~Probe() override { started_ = false; }

  // Well when it is started; with that fault, not for long.
  strata::Status Health() {
    if (fault_ == "health" && asked_++ > 0) return strata::Internal("told to be unhealthy");
    return {};
  }

  // Refuses one setting; the others are taken by a new instance.
  strata::Status Reconfigure(std::string_view config) {
    if (config.find("\"safe\"") != std::string_view::npos) {
      return strata::InvalidArgument("not safe while it runs");
    }
    return strata::Unimplemented("by a new instance");
  }

  strata::Status Look(strata::Context& cx, const LookRequest& request,
                      LookResponse* response) override {
    if (!started_) return strata::Internal("served while not started");
    lookups_.Increment();
    if (fault_ == "errors") return strata::Internal("told to fail");
    if (fault_ == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (request.log()) host_.Info("probe.look", {{"hops", request.hops()}});
    Seen* const seen = response->add_seen();
    See(cx, seen);
    if (request.hops() > 0) {
      LookRequest down = request;
      down.set_hops(request.hops() - 1);
      down.set_mode(LookRequest::MODE_UNSPECIFIED);
      CallNext(cx, request, down, response);
      if (request.pause_us() > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(request.pause_us()));
        CallNext(cx, request, down, response);
      }
    }
    if (request.hold_us() > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(request.hold_us()));
    }
    return {};
  }

  strata::Status Hang(strata::Context& cx, const HangRequest& request,
                      strata::Writer<HangResponse>& writer) override {
    HangResponse row;
    row.set_slot(std::string(host_.Slot()));
    if (request.hops() > 0) {
      HangRequest down;
      down.set_hops(request.hops() - 1);
      down.set_ends_well(request.ends_well());
      return next_.Hang(cx, down, [&](HangResponse& r) { return writer.Write(r); });
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool told = false;
    strata::CancelCallback on_cancel(cx, [&] {
      const std::lock_guard<std::mutex> lock(mutex);
      told = true;
      changed.notify_all();
    });
    if (!writer.Write(row)) return strata::Cancelled("the caller is gone");
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return told; });
    if (request.ends_well() && !writer.Write(row)) return {};
    return strata::Cancelled("told to stop");
  }

  strata::Status Watch(strata::Context& cx, const HangRequest& request,
                       strata::Writer<HangResponse>& writer) override {
    return Hang(cx, request, writer);
  }

  strata::Status Repeat(strata::Context&, strata::Reader<HangResponse>& reader,
                        strata::Writer<HangResponse>& writer) override {
    return reader.ForEach([&](HangResponse& row) {
      return writer.Write(row) ? strata::OkStatus() : strata::Cancelled("the caller is gone");
    });
  }

 private:
  void See(const strata::Context& cx, Seen* seen) const {
    seen->set_slot(std::string(host_.Slot()));
    seen->set_version(PROBE_VERSION);
    seen->set_auth(std::string(cx.Auth()));
    seen->set_deadline_us(cx.deadline_us());
    seen->set_state_dir(std::string(host_.StateDir()));
    for (std::size_t i = 0; i < cx.metadata_count(); ++i) {
      seen->add_metadata(std::string(strata::abi::View(cx.metadata()[i].key)) + "=" +
                         std::string(strata::abi::View(cx.metadata()[i].value)));
    }
  }

  void Keep(const strata::Status& status, const LookResponse& below, LookResponse* response) const {
    for (const Seen& seen : below.seen()) *response->add_seen() = seen;
    if (status.ok()) return;
    response->mutable_seen(0)->set_code(static_cast<int>(status.code()));
    response->mutable_seen(0)->set_message(status.message());
  }

  void CallNext(strata::Context& cx, const LookRequest& request, const LookRequest& down,
                LookResponse* response) {
    LookResponse below;
    const auto background = strata::Context::Background(std::chrono::seconds(5));
    switch (request.mode()) {
      case LookRequest::MODE_NO_PARENT:
        Keep(next_.Look(background, down, &below), below, response);
        return;
      case LookRequest::MODE_POOL:
        return OnPool([&] { Keep(next_.Look(background, down, &below), below, response); });
      case LookRequest::MODE_FORGED:
        return Raw(cx.call(), "forged", cx.deadline_us(), down, response);
      case LookRequest::MODE_STALE: {
        strata_call stale = *cx.call();
        stale.host_ref -= std::uint64_t{1} << 16;
        return Raw(&stale, "forged", cx.deadline_us(), down, response);
      }
      case LookRequest::MODE_NO_DEADLINE:
        return OnPool([&] { Raw(nullptr, "", 0, down, response); });
      case LookRequest::MODE_OWN_METADATA: {
        const strata_kv own[] = {{strata::abi::Str("x-own"), strata::abi::Bytes("1")},
                                 {strata::abi::Str("traceparent"), strata::abi::Bytes("forged")},
                                 {strata::abi::Str("strata-x"), strata::abi::Bytes("forged")}};
        Keep(next_.Look(cx.WithMetadata(own, 3), down, &below), below, response);
        return;
      }
      default: {
        const auto timeout = std::chrono::microseconds(request.timeout_us());
        const strata::Context short_cx = cx.WithTimeout(timeout);
        const strata::Context& with = timeout.count() > 0 ? short_cx : cx;
        Keep(next_.Look(with, down, &below), below, response);
      }
    }
  }

  template <typename F>
  void OnPool(F work) {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    const strata::Status queued = host_.Submit([&] {
      work();
      const std::lock_guard<std::mutex> lock(mutex);
      done = true;
      changed.notify_all();
    });
    if (!queued.ok()) return;
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return done; });
  }

  struct RawCall : strata_call {
    LookResponse response;
    std::string message;
  };

  // A call by the bare ABI, as a plugin might write it that does not use the SDK.
  void Raw(strata_call* parent, std::string_view auth, std::int64_t deadline_us,
           const LookRequest& down, LookResponse* response) {
    static constexpr strata_call_ops kOps = {
        sizeof(strata_call_ops),
        [](strata_call* c, strata_bytes b) -> strata_code {
          static_cast<RawCall*>(c)->response.ParseFromArray(b.data, static_cast<int>(b.size));
          return STRATA_OK;
        },
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        [](strata_call* c, const strata_status* s) {
          static_cast<RawCall*>(c)->message = strata::abi::View(s->message);
        },
        nullptr,
        nullptr};
    const strata_host* host = host_.raw();
    const std::string body = down.SerializeAsString();
    RawCall call{};
    call.struct_size = sizeof(strata_call);
    call.ops = &kOps;
    call.method = host->resolve(host, strata::abi::Str("next"),
                                strata::abi::Str("/hosttest.data.v1.Probe/Look"));
    call.request = strata::abi::Bytes(body);
    call.deadline_us = deadline_us;
    call.auth = strata::abi::Bytes(auth);
    call.parent = parent;
    call.host_ref = 1;
    const strata_code code = host->call(host, &call);
    Keep({strata::abi::ToCode(code), call.message}, call.response, response);
  }

  static std::string FaultOf(std::string_view config) {
    for (const char* fault : {"errors", "slow", "health"}) {
      if (config.find("\"fault\":\"" + std::string(fault)) != std::string_view::npos) return fault;
    }
    return "";
  }

  strata::Host host_;
  ProbeClient next_;
  const std::string fault_;
  std::atomic<int> asked_{0};
  strata::Metric lookups_;
  std::atomic<bool> started_{false};
};

}  // namespace hosttest::data::v1

STRATA_PLUGIN(hosttest::data::v1::Probe, "hosttest.probe", PROBE_VERSION)
