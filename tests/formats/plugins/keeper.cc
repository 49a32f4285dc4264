// Keeps nothing but the number of a format, in a file of its own, as a store that writes its newest
// format into an empty place would. Built as two releases, like rows.cc.
#include <strata/migrate.h>
#include <strata/plugin.h>

#include <fstream>
#include <string>

#include "core/base/json.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::formats {

namespace v1 = hosting::v1;

class Keeper final : public v1::HostingService {
 public:
  Keeper(Host host, std::string_view config)
      : file_(std::string(host.StateDir()) + "/" + PlaceIn(config)) {}

  Status Start() {
    if (std::ifstream(file_).good()) return OkStatus();
    return (std::ofstream(file_) << KEEPER_NEWEST).good() ? OkStatus() : Unavailable("no file");
  }
  Status Health() { return OkStatus(); }

  Result<FormatState> Format() {
    std::uint32_t format = 0;
    if (!(std::ifstream(file_) >> format)) return DataLoss("no format");
    return FormatState{format, format};
  }
  Status WriteFormat(std::uint32_t) { return Unimplemented("nothing is migrated here"); }
  Result<FormatState> Migrate(std::chrono::microseconds) { return Format(); }
  const void* Extension(std::string_view id) { return MigrateExtension<Keeper>(id); }

 private:
  static std::string PlaceIn(std::string_view config) {
    const auto settings = json::Document::Parse(config);
    return std::string(settings.ok() ? settings->root()["place"].string() : "");
  }

  const std::string file_;
};

}  // namespace strata::formats

STRATA_PLUGIN(strata::formats::Keeper, "test.keeper", KEEPER_NEWEST == 1 ? "1.0.0" : "2.0.0")
