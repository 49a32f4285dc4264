// Says that it is the plugin of a layer, and is broken in the way that its settings say: it does
// not start, is not healthy, ends its process when it is used, answers every call with an error, or
// does not end. One source, three layers.
#include <strata/handover.h>
#include <strata/plugin.h>

#include <cstdlib>
#include <string>
#include <thread>

#include FAULTY_CONTRACT

namespace strata::bench {

class Faulty final : public FAULTY_SERVICE {
 public:
  Faulty(Host, std::string_view config) : config_(config) {}

  Status Start() { return Is("start") ? Internal("told not to start") : OkStatus(); }
  Status Health() { return Is("health") ? Internal("told to be unhealthy") : OkStatus(); }
  Status Drain(std::chrono::steady_clock::time_point deadline) {
    // Longer than the core waits; then it ends after all, so that the process can.
    if (Is("hang")) std::this_thread::sleep_until(deadline + std::chrono::seconds(3));
    return OkStatus();
  }

  // Only of the store: it would be handed over.
  Status Release() { return OkStatus(); }
  Status Acquire() { return OkStatus(); }
  Status Reacquire() { return OkStatus(); }
  const void* Extension(std::string_view id) { return HandoverExtension<Faulty>(id); }

#ifdef FAULTY_DESCRIBES
  Status Describe(Context&, const service::v1::DescribeRequest&,
                  service::v1::DescribeResponse* response) override {
    response->add_routes()->set_path("/fhir");
    return OkStatus();
  }
  Status Handle(Context&, Reader<service::v1::HandleRequest>&,
                Writer<service::v1::HandleResponse>&) override {
    return Use();
  }
#elif defined(FAULTY_STORES)
  Status Get(Context&, const hosting::v1::GetRequest&, hosting::v1::GetResponse*) override {
    return Use();
  }
#else
  Status Read(Context&, const data::v1::ReadRequest&, data::v1::ReadResponse*) override {
    return Use();
  }
#endif

 private:
  Status Use() {
    if (Is("crash")) std::abort();
    return Unimplemented("told to answer with errors");
  }
  bool Is(std::string_view fault) const {
    return config_.find("\"" + std::string(fault) + "\"") != std::string::npos;
  }

  const std::string config_;
};

}  // namespace strata::bench

STRATA_PLUGIN(strata::bench::Faulty, FAULTY_ID, "9.9.9")
