#pragma once

// The one include of a plugin author, beside the generated "<contract>.strata.h". A plugin is a
// class that derives from the generated XService and has a constructor
//
//   MyStore(strata::Host host, std::string_view config_json);      // may throw StatusError, or
//   static Result<std::unique_ptr<MyStore>> Create(strata::Host host, std::string_view
//   config_json);
//
// and, each only if it needs it (all control calls are serialized; handlers are concurrent):
//
//   Status Start();                                  open storage, warm up; may call other layers
//   Status Health();                                 OK, UNAVAILABLE = starting; < 100 ms
//   Status Reconfigure(std::string_view config_json);    without it, the core swaps instances
//   Status Drain(std::chrono::steady_clock::time_point deadline);   stop own work, flush
//   void Stop();                                     no call is in flight any more
//   const void* Extension(std::string_view id);      "strata.migrate/1", ...
//   static std::string_view ConfigSchema();          JSON Schema of the config
//
// STRATA_PLUGIN(MyStore, "uk.example.mystore", "1.0.0") at the end of one .cc makes it loadable.
// No exception of the class leaves the plugin: it becomes INTERNAL with its message.

#include "strata/client.h"
#include "strata/context.h"
#include "strata/host.h"
#include "strata/plugin_table.h"
#include "strata/service.h"
#include "strata/status.h"
#include "strata/stream.h"

// The build renames the entry of each plugin and exports it as strata_plugin_v1, so that a test
// can link several plugins (StrataPlugin.cmake).
#ifndef STRATA_PLUGIN_ENTRY
#define STRATA_PLUGIN_ENTRY strata_plugin_v1
#endif

// A plugin that serves one service; the layer is that of the service's package.
#define STRATA_PLUGIN(Class, id, version) \
  STRATA_PLUGIN_SERVICES(Class, id, version, Class::kStrataLayer, Class::StrataService)

// A plugin that serves several services: ..., layer, Service1, Service2).
#define STRATA_PLUGIN_SERVICES(Class, id, version, layer, ...)                              \
  extern "C" STRATA_EXPORT const strata_plugin* STRATA_PLUGIN_ENTRY(uint32_t);              \
  extern "C" STRATA_EXPORT const strata_plugin* STRATA_PLUGIN_ENTRY(uint32_t) {             \
    return ::strata::sdk::PluginTable<Class, __VA_ARGS__>::Get({(id), (version), (layer)}); \
  }
