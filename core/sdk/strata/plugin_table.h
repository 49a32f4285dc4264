#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "strata/abi.h"
#include "strata/host.h"
#include "strata/service.h"
#include "strata/status.h"

// The C vtable of a plugin class. Authors use the macros of plugin.h.
namespace strata::sdk {

struct PluginInfo {
  std::string_view id;
  std::string_view version;
  std::string_view layer;
};

// Puts a refusal into *why (kept per thread until the next one); returns its code.
strata_code Explain(strata_status* why, const Status& status);
// Answers UNIMPLEMENTED to a call whose method the plugin does not have.
strata_code NoSuchMethod(strata_call* call);
// Compiler and SDK, for support.
std::string_view BuildInfo();

template <typename P>
concept HasCreate = requires(Host host, std::string_view config) {
  { P::Create(host, config) } -> std::same_as<Result<std::unique_ptr<P>>>;
};
template <typename P>
concept HasStart = requires(P p) {
  { p.Start() } -> std::same_as<Status>;
};
template <typename P>
concept HasHealth = requires(P p) {
  { p.Health() } -> std::same_as<Status>;
};
template <typename P>
concept HasReconfigure = requires(P p, std::string_view config) {
  { p.Reconfigure(config) } -> std::same_as<Status>;
};
template <typename P>
concept HasDrain = requires(P p, abi::TimePoint deadline) {
  { p.Drain(deadline) } -> std::same_as<Status>;
};
template <typename P>
concept HasStop = requires(P p) {
  p.Stop();
};
template <typename P>
concept HasExtension = requires(P p, std::string_view id) {
  { p.Extension(id) } -> std::convertible_to<const void*>;
};
template <typename P>
concept HasConfigSchema = requires {
  { P::ConfigSchema() } -> std::convertible_to<std::string_view>;
};

// One static vtable per (class, services). Thread-safe.
template <typename P, typename... Services>
class PluginTable final {
 public:
  // `info` counts the first time only; its texts must be static.
  static const strata_plugin* Get(const PluginInfo& info) {
    static const strata_descriptor descriptor = Describe(info);
    static const strata_plugin table = {sizeof(strata_plugin),
                                        &descriptor,
                                        &Create,
                                        &Start,
                                        &Health,
                                        &Reconfigure,
                                        &Handle,
                                        &Drain,
                                        &Stop,
                                        &Destroy,
                                        &Extension};
    return &table;
  }

 private:
  static constexpr std::size_t kMethodCount = (Services::StrataMeta::kMethods.size() + ...);

  static constexpr std::array<strata_method, kMethodCount> Concatenate() {
    std::array<strata_method, kMethodCount> all{};
    std::size_t n = 0;
    const auto append = [&](const auto& methods) {
      for (const strata_method& method : methods) all[n++] = method;
    };
    (append(Services::StrataMeta::kMethods), ...);
    return all;
  }
  static constexpr std::array<strata_method, kMethodCount> kMethods = Concatenate();

  static strata_descriptor Describe(const PluginInfo& info) {
    constexpr std::array<std::string_view, sizeof...(Services)> kContracts = {
        Services::kStrataContracts...};
    std::string_view schema;
    if constexpr (HasConfigSchema<P>) schema = P::ConfigSchema();
    return {sizeof(strata_descriptor), abi::Str(info.id),
            abi::Str(info.version),    abi::Str(info.layer),
            abi::Str(kContracts[0]),   kMethods.data(),
            kMethods.size(),           {},
            abi::Str(schema),          abi::Str(BuildInfo())};
  }

  static P& Self(void* self) { return *static_cast<P*>(self); }

  // Runs a control function: its status, or the exception that it threw, goes into *why.
  template <typename F>
  static strata_code Control(strata_status* why, F&& fn) {
    try {
      return Explain(why, fn());
    } catch (...) {
      return Explain(why, CurrentExceptionStatus());
    }
  }

  static Result<std::unique_ptr<P>> Make(Host host, std::string_view config) {
    if constexpr (HasCreate<P>) {
      return P::Create(host, config);
    } else {
      return std::make_unique<P>(host, config);
    }
  }

  static strata_code Create(const strata_host* host, strata_bytes config, void** out,
                            strata_status* why) {
    return Control(why, [&]() -> Status {
      STRATA_ASSIGN_OR_RETURN(auto plugin, Make(Host(host), abi::View(config)));
      *out = plugin.release();
      return {};
    });
  }

  static strata_code Start(void* self, strata_status* why) {
    return Control(why, [&]() -> Status {
      if constexpr (HasStart<P>) return Self(self).Start();
      return {};
    });
  }

  static strata_code Health(void* self, strata_status* why) {
    return Control(why, [&]() -> Status {
      if constexpr (HasHealth<P>) return Self(self).Health();
      return {};
    });
  }

  static strata_code Reconfigure(void* self, strata_bytes config, strata_status* why) {
    return Control(why, [&]() -> Status {
      if constexpr (HasReconfigure<P>) return Self(self).Reconfigure(abi::View(config));
      return Unimplemented("this plugin takes new settings by being replaced");
    });
  }

  static strata_code Handle(void* self, strata_call* call) {
    try {
      P& plugin = Self(self);
      std::uint64_t index = call->method;
      strata_code code = STRATA_UNIMPLEMENTED;
      const bool found = (Serve<Services>(plugin, call, &index, &code) || ...);
      return found ? code : NoSuchMethod(call);
    } catch (...) {
      return Finish(call, CurrentExceptionStatus());
    }
  }

  // Serves the call if it is one of S; otherwise counts S's methods off *index.
  template <typename S>
  static bool Serve(S& service, strata_call* call, std::uint64_t* index, strata_code* code) {
    constexpr auto& kHandlers = S::StrataMeta::kHandlers;
    if (*index >= kHandlers.size()) {
      *index -= kHandlers.size();
      return false;
    }
    *code = kHandlers[*index](service, call);
    return true;
  }

  static strata_code Drain(void* self, std::int64_t deadline_us, strata_status* why) {
    return Control(why, [&]() -> Status {
      if constexpr (HasDrain<P>) return Self(self).Drain(abi::FromUs(deadline_us));
      return {};
    });
  }

  static void Stop(void* self) {
    if constexpr (HasStop<P>) {
      static_cast<void>(Control(nullptr, [&]() -> Status {
        Self(self).Stop();
        return {};
      }));
    }
  }

  static void Destroy(void* self) { const std::unique_ptr<P> owned(static_cast<P*>(self)); }

  static const void* Extension(void* self, const char* id) {
    if constexpr (HasExtension<P>) {
      try {
        return Self(self).Extension(std::string_view(id));
      } catch (...) {
        return nullptr;
      }
    }
    return nullptr;
  }
};

}  // namespace strata::sdk
