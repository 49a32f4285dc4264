#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/isolation/outside_plugin.h"
#include "core/isolation/remote_descriptor.h"

namespace strata::isolation {

struct EndpointSpec {
  std::string address;  // "unix:/path" or "host:port"
  // Files in PEM; empty: no TLS. Both sides prove who they are.
  std::string ca;
  std::string cert;
  std::string key;
  std::string layer;
  std::vector<std::string> provides;
  std::string contracts;  // Serialized FileDescriptorSet that has the services.
};

class ServerProcess;
struct ServerSpec;

// The descriptor of a server that implements the contracts of `provides`. INVALID_ARGUMENT: the
// core does not know one of them.
Status DescribeServer(const std::string& id, const std::string& layer,
                      const std::vector<std::string>& provides, const std::string& contracts,
                      RemoteDescriptor* out);

// A gRPC server, as a vtable: one that somebody else runs, or one that the core starts. It is
// reached again by itself after it was away; calls meanwhile are UNAVAILABLE. Several instances
// share the connection. Thread-safe.
class EndpointPlugin final : public OutsidePlugin {
 public:
  // INVALID_ARGUMENT: a service is not known; NOT_FOUND: a file of the TLS keys cannot be read.
  // Whether the server is there shows in health().
  static Result<std::shared_ptr<const strata_plugin>> Open(const EndpointSpec& spec);
  // The same of a server that the core starts; `spec.address` is set here. Its process lives from
  // start to destroy: one instance at a time.
  static Result<std::shared_ptr<const strata_plugin>> OpenCommand(EndpointSpec spec,
                                                                  ServerSpec server);
  ~EndpointPlugin() override;

  RemoteReport Report() const override;
  strata_code CreateAny(const strata_host* host, strata_bytes config, OutsidePlugin** out,
                        strata_status* why) override;
  strata_code Start(strata_status* why) override;
  strata_code Health(strata_status* why) override;
  strata_code Reconfigure(strata_bytes config, strata_status* why) override;
  strata_code Handle(strata_call* c) override;
  strata_code Drain(std::int64_t deadline_us, strata_status* why) override;
  void Stop() override {}
  void Destroy() override;
  bool Extends(std::string_view) const override { return false; }
  strata_code Handover(const char* step, strata_status* why) override;
  strata_code Migrate(const FormatStep&, strata_format_state*, strata_status*) override {
    return STRATA_UNIMPLEMENTED;
  }

 private:
  EndpointPlugin();
  static Result<std::shared_ptr<const strata_plugin>> Make(const EndpointSpec& spec,
                                                           const std::string& id,
                                                           std::unique_ptr<ServerProcess> server);

  Table table_;
  RemoteDescriptor descriptor_;
  std::size_t trampoline_ = 0;
  std::shared_ptr<grpc::Channel> channel_;  // shared: gRPC's own type.
  std::unique_ptr<ServerProcess> server_;   // Null: somebody else's.
  const strata_host* host_ = nullptr;       // Of [ctl] functions.
  std::string config_;
};

}  // namespace strata::isolation
